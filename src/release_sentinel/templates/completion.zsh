#compdef release-sentinel
# Completion of release-sentinel for zsh: as a file `_release-sentinel` in a folder of $fpath, or after compinit
# source <(release-sentinel completion zsh)
_release_sentinel_commands() {
    local -a commands=(<commands>)
    _describe command commands
    _files
}

_release_sentinel() {
    local path_=
    if (( CURRENT > 2 )); then
        case "$words[2]" in
            (<paths>) path_=$words[2]; shift words; (( CURRENT-- )) ;;
        esac
    fi
    if (( CURRENT > 2 )); then
        case "$path_ $words[2]" in
            (<paths>) path_="$path_ $words[2]"; shift words; (( CURRENT-- )) ;;
        esac
    fi
    case "$path_" in
<levels>
    esac
}

if [ "$funcstack[1]" = "_release-sentinel" ]; then
    _release_sentinel "$@"
else
    compdef _release_sentinel release-sentinel
fi
