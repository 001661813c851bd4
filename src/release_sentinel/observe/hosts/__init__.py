"""Other hosts and containers: how they are reached, what they are asked, what they answer."""

from release_sentinel.observe.hosts.answer import Answer, read
from release_sentinel.observe.hosts.question import Question, script
from release_sentinel.observe.hosts.reach import Reach, Reached, Way, ask, settings_folder

__all__ = ["Answer", "Question", "Reach", "Reached", "Way", "ask", "read", "script", "settings_folder"]
