"""How the page looks: system fonts, light and dark by the reader's own setting, one column on a telephone, print.

Colours are named once. Blue is this model, amber is what it is compared with; red and green appear only where
a sign and a word say the same.
"""

LIGHT = """
--paper:#f6f5f1;--card:#fff;--ink:#1b2330;--muted:#596372;--rule:#e4e1d9;--faint:#efede7;
--s1:#1f4fbf;--s2:#b45309;--s3:#5f6b7a;--s4:#7b8794;
--good:#136c3b;--goodback:#e6f3ea;--bad:#b3261e;--badback:#fbe9e7;--open:#7a5200;--openback:#fbf1dc;
--shade:rgba(27,35,48,.28);--up:31,79,191;--down:196,98,16;
"""
DARK = """
--paper:#11151b;--card:#1a2029;--ink:#e9ecf1;--muted:#a5afbd;--rule:#2d3540;--faint:#222a34;
--s1:#7fa9ff;--s2:#f0a550;--s3:#b4bdca;--s4:#8f9aa9;
--good:#6fd49b;--goodback:#16301f;--bad:#ff9288;--badback:#3a1b1a;--open:#f0c674;--openback:#33290f;
--shade:rgba(0,0,0,.75);--up:112,156,255;--down:236,150,66;
"""
TEXT = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:2.5rem 1.5rem 4rem;max-width:1120px;background:var(--paper);color:var(--ink);
font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
h1{margin:.1rem 0 0;font-size:2.1rem;line-height:1.15;letter-spacing:-.02em;font-weight:650}
h1 .version{color:var(--muted);font-weight:400;letter-spacing:0}
h2{margin:0;font-size:1.35rem;letter-spacing:-.01em;line-height:1.25}
h3{margin:0 0 .45rem;font-size:1rem;line-height:1.3}
figure+h3{margin-top:1.4rem}
p{margin:0}
.kind{color:var(--muted);font-size:.8rem;letter-spacing:.08em;text-transform:uppercase}
.about{color:var(--muted);margin-top:.4rem;font-size:1.05rem}
.lede{margin-top:.35rem;color:var(--muted);max-width:46rem}
section{margin-top:1.9rem}
.note,.under,.notes,caption,figcaption{color:var(--muted);font-size:.82rem;line-height:1.45}
.note{margin-top:.5rem}
.notes{margin:.9rem 0 0;padding-left:1.1rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.82rem}
code{overflow-wrap:anywhere}
"""
BOXES = """
.verdict{display:grid;grid-template-columns:auto 1fr;gap:1.2rem 2rem;align-items:start;margin-top:1.6rem;padding:1.4rem 1.6rem;
border-radius:14px;box-shadow:inset 6px 0 var(--tone);background:var(--toneback)}
.verdict.good{--tone:var(--good);--toneback:var(--goodback)}
.verdict.bad{--tone:var(--bad);--toneback:var(--badback)}
.verdict.open{--tone:var(--open);--toneback:var(--openback)}
.word{display:flex;align-items:center;gap:.6rem;font-size:1.7rem;font-weight:700;line-height:1.2;color:var(--tone);letter-spacing:-.01em}
.word .sign{display:grid;place-items:center;width:2.1rem;height:2.1rem;border-radius:50%;background:var(--tone);color:var(--card);font-size:1.1rem}
.verdict .lead{font-size:1.12rem;line-height:1.45}
.verdict .why{margin-top:.8rem;font-weight:600}
.verdict ul{margin:.25rem 0 0;padding-left:1.2rem}
.verdict li{margin-top:.25rem}
.state{margin-top:.8rem;color:var(--muted);font-size:.88rem}
.doubts{margin-top:1rem;padding:1rem 1.25rem;border-radius:12px;background:var(--openback);box-shadow:inset 4px 0 var(--open)}
.doubts h2{font-size:1rem;color:var(--open)}
.doubts ul{margin:.3rem 0 0;padding-left:1.2rem}
.doubts li{margin-top:.2rem;font-size:.95rem}
.tiles{display:grid;grid-template-columns:repeat(3,1fr);gap:.9rem;margin-top:1rem}
.tile,.card{background:var(--card);border:1px solid var(--rule);border-radius:12px}
.tile{padding:.95rem 1.1rem 1rem;--tone:transparent;box-shadow:inset 0 3px var(--tone)}
.tile.good{--tone:var(--good)}
.tile.bad{--tone:var(--bad)}
.tile .label{color:var(--muted);font-size:.85rem}
.tile .value{font-size:1.75rem;font-weight:640;letter-spacing:-.02em;line-height:1.3;font-variant-numeric:tabular-nums}
.cards{columns:2;column-gap:1rem;margin-top:.8rem}
.card{padding:.95rem 1.2rem;break-inside:avoid;overflow:hidden}
.cards>.card{margin-bottom:.8rem}
.cards>.wide>.pairs,.cards>.wide>details>.pairs{columns:2;column-gap:2.5rem;display:block}
.pairs>div{break-inside:avoid}
section>.card,section>.missing{margin-top:1rem}
.cards>.wide{column-span:all}
.cards>.card+.wide{margin-top:1rem}
.missing{padding:.8rem 1rem;border:1px dashed var(--s4);border-radius:10px;color:var(--muted);font-size:.92rem}
.missing strong{color:var(--ink)}
.said{margin-bottom:.8rem;font-size:.95rem}
.said .sign{font-weight:700}
.said.good .sign{color:var(--good)}.said.bad .sign{color:var(--bad)}.said.open .sign{color:var(--open)}
.pill{display:inline-block;padding:.08rem .55rem;border-radius:99px;background:var(--faint);font-size:.8rem;font-weight:600;white-space:nowrap}
.pill.good{color:var(--good);background:var(--goodback)}
.pill.bad{color:var(--bad);background:var(--badback)}
.pairs{margin:.2rem 0 0;display:grid;gap:0}
.pairs>div{display:flex;justify-content:space-between;gap:1rem;padding:.17rem 0;border-top:1px solid var(--faint)}
.pairs>div:first-child{border-top:0}
.scroll+.pairs{margin-top:.8rem}
dt{color:var(--muted)}dd{margin:0;text-align:right;font-variant-numeric:tabular-nums;flex:none;max-width:66%}
dt,dd{font-size:.92rem}
details{margin-top:.6rem}.card>details:first-child{margin-top:0}
summary{cursor:pointer;font-weight:600;padding:.3rem 0;font-size:.92rem}
.commands{margin:0;padding-left:1.2rem}.commands li{margin-top:.6rem}
pre{margin:.3rem 0 0;padding:.6rem .8rem;background:var(--faint);border-radius:8px;overflow-x:auto}
pre code{overflow-wrap:normal}
footer{margin-top:2rem;padding-top:1rem;border-top:1px solid var(--rule);color:var(--muted);font-size:.88rem}
footer h2{font-size:1rem;color:var(--ink)}footer ul{margin:.5rem 0 0;padding-left:1.1rem}footer li{margin-top:.25rem}
"""
TABLES = """
.scroll{overflow-x:auto;margin:0 -.2rem;padding:0 .2rem}
.scroll+.scroll,.pairs+.scroll,.scroll+.tracks,.pairs+.tracks{margin-top:1.1rem}
table{width:100%;border-collapse:collapse;font-size:.9rem}
caption{text-align:left;padding-bottom:.3rem}
caption:not(.seen){position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
td.long{min-width:15rem}
.scroll{position:relative;background:linear-gradient(to right,var(--card) 40%,transparent) 0 0/3rem 100% no-repeat local,
linear-gradient(to left,var(--card) 40%,transparent) 100% 0/3rem 100% no-repeat local,
linear-gradient(to right,var(--shade),transparent) 0 0/1rem 100% no-repeat scroll,
linear-gradient(to left,var(--shade),transparent) 100% 0/1rem 100% no-repeat scroll}
th .under,td .under{display:block;font-weight:400}
th,td{padding:.24rem .7rem .24rem 0;text-align:left;vertical-align:top;border-top:1px solid var(--faint)}
th:last-child,td:last-child{padding-right:0}
thead th{border-top:0;color:var(--muted);font-weight:500;font-size:.82rem;vertical-align:bottom}
tbody th{font-weight:500}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead .n{white-space:normal}
.tracks th:first-child{width:44%;overflow-wrap:anywhere}
.tracks .under{line-height:1.3}
.tracks td,.tracks th{vertical-align:middle}
.tracks td.track,.tracks th.track{padding-right:.8rem}
.tracks td.track svg{display:block;width:100%;height:20px;overflow:visible}
.tracks .n{width:1%}
.marks{position:relative;height:1.2em;font-weight:400}
.marks span{position:absolute;transform:translateX(-50%);white-space:nowrap;font-size:.72rem}
.faint{opacity:.62}
.heat th,.heat td{padding:.35rem .6rem;border:2px solid var(--card)}
.heat thead th{border-color:transparent}.heat th{white-space:nowrap}
.heat td,.confusion td{border-radius:6px}
.confusion{table-layout:fixed}
.confusion th{vertical-align:middle}
.confusion td[class]{padding:.6rem .6rem;border:3px solid var(--card);text-align:center}
.confusion thead th{text-align:center}.confusion thead td,.confusion th{border:0}
.confusion b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}
.confusion .under{color:var(--ink)}
.up1{background:rgba(var(--up),.08)}.up2{background:rgba(var(--up),.18)}.up3{background:rgba(var(--up),.29)}.up4{background:rgba(var(--up),.42)}
.down1{background:rgba(var(--down),.09)}.down2{background:rgba(var(--down),.19)}.down3{background:rgba(var(--down),.3)}.down4{background:rgba(var(--down),.43)}
"""
DRAWINGS = """
figure{margin:0}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:0 0 .6rem;padding:0;font-size:.85rem}
.legend li{display:flex;align-items:center;gap:.45rem}
.legend b{font-variant-numeric:tabular-nums}
.key{width:24px;height:10px;flex:none}
.plot{display:grid;grid-template-columns:3.2rem minmax(0,1fr);grid-template-rows:auto 1.5rem}
.plot.tall .area,.plot.tall .beside{height:215px}
.plot.short .area,.plot.short .beside{height:100px}
.area svg{display:block;width:100%;height:100%;overflow:visible}
.beside,.below{position:relative;color:var(--muted);font-size:.74rem;font-variant-numeric:tabular-nums}
.beside span{position:absolute;right:.55rem;transform:translateY(50%);white-space:nowrap}
.below{grid-column:2}
.below span{position:absolute;top:.35rem;transform:translateX(-50%);white-space:nowrap}
.below .first{transform:none}.below .last{transform:translateX(-100%)}
svg path,svg line{vector-effect:non-scaling-stroke;fill:none}
.line{stroke-width:1.8;stroke-linejoin:round}
.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}
.line,.dot{stroke:var(--c)}
.line.s2{stroke-dasharray:7 3}.line.s3{stroke-dasharray:2 3}.line.s4{stroke-dasharray:1 4;stroke-linecap:round}
svg path.fill{fill:var(--c);fill-opacity:.12}
.bar{fill:var(--c)}
.dot{stroke-width:9;stroke-linecap:round}
.interval{stroke:var(--s1);stroke-width:2.4;stroke-opacity:.5}
.grid{stroke:var(--rule);stroke-width:1}
.zero{stroke:var(--s4);stroke-width:1.2}
.baseline{stroke:var(--s2);stroke-width:2.6}
.dot.few{stroke-opacity:.4}
"""
NARROW = """
@media (max-width:760px){
body{padding:1.2rem 1rem 2rem;font-size:15px}
section{margin-top:1.5rem}
h1{font-size:1.6rem}
.verdict{grid-template-columns:1fr;padding:1.1rem 1.1rem}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}
.cards{columns:1}
.cards>.wide>.pairs,.cards>.wide>details>.pairs{columns:1}
.card{padding:.8rem .85rem}
.plot.tall .area,.plot.tall .beside{height:170px}
}
@media (max-width:430px){
.tiles{gap:.5rem}.tile{padding:.6rem .7rem}
.tile .value{font-size:1.3rem}
.tile .label,.tile .under{font-size:.76rem}
.below span:nth-child(even):nth-last-child(n+2),.marks span:nth-child(2):nth-last-child(2){display:none}
.tracks tr{display:grid;grid-template-columns:minmax(0,1fr) 4.4rem;align-items:center}
.tracks tbody tr{border-top:1px solid var(--faint);padding:.15rem 0}
.tracks th,.tracks td{border:0;padding-top:.05rem;padding-bottom:.05rem}
.tracks tbody th:first-child{grid-column:1/-1;width:auto;padding-right:0}
.tracks thead th:first-child{display:none}
.tracks tbody th .under{display:inline;margin-left:.4rem}
.tracks .n{width:auto}
#gates .under{display:none}
td:not([class]) .under{min-width:10rem}
.scroll tbody th .under{white-space:nowrap}
.scroll tbody th{min-width:6.5rem}
.note,.notes{font-size:.78rem;line-height:1.35}
}
"""
PRINT = """
@media print{
body{max-width:none;padding:0;font-size:11px;background:#fff}
section{margin-top:1.4rem}
.card,.tile,.verdict,tr{break-inside:avoid}
h2,h3{break-after:avoid}
.scroll,pre{overflow:visible}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""

STYLE = (
    f":root{{color-scheme:light dark;{LIGHT}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{DARK}}}}}"
    f"{TEXT}{BOXES}{TABLES}{DRAWINGS}{NARROW}{PRINT}"
)
