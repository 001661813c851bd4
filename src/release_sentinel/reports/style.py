"""How pages look: light and dark, narrow and wide, on a screen and on paper. Colours carry a meaning, never alone.

Each pair of a text and its ground has a contrast of 4.5 to 1 at least. The style of a page is known by its digest, so
no element can have a style of its own: lengths of bars are attributes of SVG.
"""

_LIGHT = """
color-scheme:light;--page:#f5f6f8;--card:#fff;--text:#1a1f26;--mute:#566070;--line:#dde2e8;--link:#0a53b0;
--ok:#17692f;--ok-ground:#e3f5e7;--warn:#7a4d00;--warn-ground:#fdf1cf;--crit:#b01225;--crit-ground:#fdebea;
--unknown:#6a36b5;--unknown-ground:#f4ecfd;--off:#566070;--off-ground:#eceff3;--track:#e6eaef;--shade:#1a1f260f
"""
_DARK = """
color-scheme:dark;--page:#0e1217;--card:#161b22;--text:#e4e9ef;--mute:#9ba7b4;--line:#2b333d;--link:#7fb8ff;
--ok:#5fd071;--ok-ground:#12281a;--warn:#e5b649;--warn-ground:#2d2410;--crit:#ff8d86;--crit-ground:#38191c;
--unknown:#cfa9ff;--unknown-ground:#281d3d;--off:#9ba7b4;--off-ground:#222932;--track:#29313b;--shade:#0000
"""
_RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere;--tone:var(--off);
--ground:var(--off-ground)}
.ok{--tone:var(--ok);--ground:var(--ok-ground)}
.warn{--tone:var(--warn);--ground:var(--warn-ground)}
.crit{--tone:var(--crit);--ground:var(--crit-ground)}
.unknown{--tone:var(--unknown);--ground:var(--unknown-ground)}
.off{--tone:var(--off);--ground:var(--off-ground)}
.top,main,footer{max-width:1120px;margin:0 auto;padding:0 24px}
main:focus{outline:0}
h1,h2,h3,p,dl,dd,ol,ul,pre{margin:0;padding:0}
ol,ul{list-style:none}
h1{font-size:30px;line-height:1.2;font-weight:700;letter-spacing:-.01em}
h2{font-size:19px;line-height:1.3;font-weight:650;margin:40px 0 12px}
h3{font-size:15px;font-weight:650}
a{color:var(--link);text-underline-offset:2px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--page);border:1px solid var(--line);border-radius:6px;
padding:10px 12px;margin-top:6px}
small,.mute{color:var(--mute);font-size:13px}
.skip{position:absolute;left:-9999px}
.skip:focus{left:16px;top:8px;z-index:1;background:var(--card);padding:8px 12px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.top{padding-top:28px}
.brand{color:var(--mute);font-size:13px;margin-bottom:14px}
.brand b{color:var(--text);font-weight:650}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:22px;font-size:14px}
nav a{display:inline-block;padding:3px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;box-shadow:0 1px 2px var(--shade)}
.pill{display:inline-block;padding:1px 9px;border-radius:99px;background:var(--ground);color:var(--tone);
font-size:12.5px;font-weight:650;line-height:1.6;white-space:nowrap}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,270px),1fr));gap:14px 28px}
dt{color:var(--mute);font-size:13px}
details{margin-top:6px}
summary{cursor:pointer;color:var(--mute);font-size:13px;padding:2px 0;width:fit-content;min-height:24px}
summary:hover{color:var(--text)}
details li+li{margin-top:2px}
table{border-collapse:collapse;width:100%}
th{text-align:left;font-weight:inherit}
th,td{padding:9px 16px;vertical-align:top;border-top:1px solid var(--line)}
thead th{color:var(--mute);font-size:13px;border-top:0;padding-top:10px}
svg{display:block;width:100%}
.bar{height:12px}
.track,.fill,.limit{fill:var(--track);fill-opacity:1}
.fill{fill:var(--tone)}
.zone{fill:var(--tone);fill-opacity:.28}
.limit{fill:var(--text)}
.axis{display:flex;justify-content:space-between;color:var(--mute);font-size:12px}
.verdict{display:block;color:var(--tone);font-size:44px;line-height:1.1;letter-spacing:-.02em;margin-bottom:6px}
body{border-top:6px solid var(--tone)}
.line{display:flex;flex-wrap:wrap;gap:8px 32px}
.top .line{margin-top:18px}
.answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,280px),1fr));margin-top:24px;
overflow:hidden}
.answers section{padding:18px 20px;box-shadow:-1px -1px 0 var(--line)}
.answers section:first-child{background:var(--ground)}
.answers section:first-child .big{color:var(--tone)}
.answers h2{font-size:13px;font-weight:600;margin:0 0 6px;color:var(--mute)}
.answers section:first-child h2{color:var(--tone)}
.big{font-size:22px;line-height:1.25;font-weight:650;margin-bottom:4px}
.cut{display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
.answers li+li{margin-top:4px}
.cards>li+li,.cards+.card,.card+.card{margin-top:12px}
.reason,.note{padding:14px 18px;border-left:4px solid var(--tone)}
.head{display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline;margin-bottom:4px}
.todo{margin-top:6px}
.reason .todo{background:var(--page);border-radius:6px;padding:8px 12px}
.card>h3{padding:14px 16px 0}
.card>h3 small{font-weight:400;margin-left:6px}
.card>h3~p,.card>.wide,.card>h3~details>summary{padding:0 16px;margin:6px 0}
tbody th{font-weight:600}
td p+*{margin-top:4px}
.gates td:last-child,.times td:nth-child(n+3){white-space:nowrap;color:var(--mute);font-size:13px;text-align:right}
.gates th:last-child,.times th:nth-child(n+3){text-align:right}
.gates tr>:first-child{width:136px}
.gates tr>:nth-child(2){width:220px}
.gates tr>:last-child{width:92px}
.times tr>:first-child{width:220px}
.times tr>:nth-child(n+3){width:84px}
.times,.gates{table-layout:fixed}
.times th,.times td{padding-top:6px;padding-bottom:6px}
.times td:nth-child(2){background:repeating-linear-gradient(90deg,var(--line) 0 1px,#0000 1px 25%)
16px 0/calc(100% - 32px) 100% no-repeat}
.times .bar{margin:4px 0}
.measures li{display:grid;grid-template-columns:minmax(120px,190px) minmax(60px,200px) 1fr;gap:2px 12px;
align-items:center;margin-top:4px}
.measures b{color:var(--tone)}
.details{margin-top:6px}
.details code{white-space:pre-wrap}
.rows li{display:grid;grid-template-columns:120px 1fr;gap:12px;padding:12px 16px;align-items:start}
.rows .pill{justify-self:start}
.rows li+li{border-top:1px solid var(--line)}
.legend{margin-bottom:8px}
.reason .line{margin-top:6px}
.phases tr>:first-child{width:32%}
.phases tr>:nth-child(2){width:90px}
.facts.card{padding:18px 20px}
footer{color:var(--mute);font-size:13px;padding-top:28px;padding-bottom:36px}
"""
# A measure over time.
_PLOT = """
.plot{height:100px}
article.plot{height:auto;padding:12px 16px;margin-top:12px}
article.plot>h3,article.plot>p{padding-left:0;padding-right:0}
.curve,.bound{fill:none;stroke:var(--link);stroke-width:1.5;vector-effect:non-scaling-stroke}
.bound{stroke:var(--tone);stroke-width:1;stroke-dasharray:4 3}
.dot{fill:var(--link)}
.scrolls{position:relative;overflow-x:auto;margin-top:8px}
.scrolls table{overflow-wrap:break-word}
.scrolls time{white-space:nowrap}
.scrolls th,.scrolls td{padding:7px 12px}
h3+.scrolls{margin-bottom:20px}
"""
_NARROW = """
.top,main,footer{padding-left:16px;padding-right:16px}
h1{font-size:22px}
h2{margin-top:32px}
.verdict{font-size:34px}
.gates thead,.times thead th:not(:nth-child(2)){position:absolute;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%)}
.gates tr{display:grid;grid-template-columns:auto 1fr auto;gap:4px 10px;padding:12px 16px;
border-top:1px solid var(--line)}
.gates tr>*,.times tr>*{padding:0!important;border:0;width:auto!important}
.gates td:nth-child(3){grid-column:1/-1;grid-row:2}
.times tr{display:grid;grid-template-columns:1fr auto auto;gap:2px 12px;padding:10px 16px;
border-top:1px solid var(--line)}
.times td:nth-child(2),.times thead th:nth-child(2){grid-column:1/-1;grid-row:2}
.times td:nth-child(2){background:none}
.measures li{grid-template-columns:1fr 1fr}
.measures small{grid-column:1/-1}
.rows li{grid-template-columns:1fr;gap:6px}
.axis span:nth-child(even){display:none}
.times td:nth-child(3)::before{content:"at "}
.times td:nth-child(4)::before{content:"for "}
"""
_PAPER = """
@page{margin:9mm}
body{zoom:.62;line-height:1.35;background:#fff;border:0}
.top,main,footer{max-width:none;padding:0}
.card{box-shadow:none}
.skip,nav,footer,.legend{display:none}
.brand{margin:0}
.verdict{font-size:34px;margin:0}
h1{font-size:22px}
h2{font-size:16px;margin:10px 0 4px}
.top .line,.answers{margin-top:10px}
.answers{grid-template-columns:1fr 1.4fr 1fr}
.answers section,.facts.card,.reason,.note{padding:6px 14px}
.facts{gap:6px 20px;grid-template-columns:repeat(6,1fr)}
.card>h3{padding-top:5px}
thead th{padding-top:2px}
.cards>li+li,.cards+.card,.card+.card{margin-top:6px}
.gates th,.gates td,.phases th,.phases td{padding-top:2px;padding-bottom:2px}
.rows li{padding:4px 16px}
.times th,.times td{padding-top:1px;padding-bottom:1px}
.gates td>a,.times small,.times details{display:none}
.todo,.measures li,.details{margin-top:2px}
.reason .todo{padding:3px 10px}
svg,.pill,.card{print-color-adjust:exact;-webkit-print-color-adjust:exact}
tr,li,dl>div{break-inside:avoid}
h2,h3{break-after:avoid}
"""


def _packed(*rules: str) -> str:
    return "".join(rules).replace("\n", "")


STYLE = (
    _packed(":root{", _LIGHT, "}@media screen and (prefers-color-scheme:dark){:root{", _DARK, "}}", _RULES, _PLOT)
    + _packed("@media (max-width:640px){", _NARROW, "}@media print{", _PAPER, "}")
    + "@media (forced-colors:active){svg{forced-color-adjust:none}.pill{border:1px solid}}"
)
