"""Tables and pictures of results.json: results.md, results.png (how many times faster), scaling.png (curves).

`run.py` calls it, in somkit's environment for its matplotlib; its one argument is the folder.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from measuring import median

Row = dict[str, Any]
X = "\N{MULTIPLICATION SIGN}"
Ratio = tuple[float, float, float]  # median, lowest, highest

NAMES = {
    "xpysom": "XPySom", "intrasom": "IntraSOM", "minisom": "MiniSom", "kohonen": "R kohonen", "faiss": "faiss-cpu",
    "torch": "PyTorch cdist", "somkit": "somkit", "somkit-numpy": "somkit without compiled kernels",
    "somkit-graph": "somkit, geometric graph", "somkit-graph-wide": "somkit, geometric graph, radius 25 to 1",
    "somkit-plugin": "somkit, stranger's parts", "somkit-plugin-plain": "somkit, stranger's parts, no product declared",
    "somkit@3/10": "somkit, 3/10 of the rows", "somkit@1/10": "somkit, 1/10 of the rows",
}  # fmt: skip
# Okabe and Ito's colours, told apart by any eye, and a shape each for print
LOOKS = {
    "xpysom": ("#0072B2", "o"), "intrasom": ("#E69F00", "s"), "kohonen": ("#009E73", "^"), "minisom": ("#CC79A7", "D"),
    "faiss": ("#D55E00", "v"), "torch": ("#56B4E9", "P"),
}  # fmt: skip
WITHIN = {  # case, program: at most this many times somkit's own time
    ("E1", "somkit-graph"): 3.0, ("P1-batch", "somkit-plugin"): 1.1, ("P1-online", "somkit-plugin"): 1.5,
}  # fmt: skip
MEMORY = {"D1": 500, "M1": 250}  # MB of anonymous memory at most; M1 beyond what was there before the fit
IDLE = 0.3  # load average before the start
STEADY = 0.9  # lowest matrix-product peak of the run / highest
LINEAR = 1.2  # times the time per row of a tenth of the rows; what is more is not linear in n
EQUAL = 1.001  # what counts as the same quantisation error; topographic errors may differ by 1 in 500 samples
TWIN = 15  # times faster than XPySom on A1 without compiled kernels
KERNEL_SHARE = {"A1": 0.6, "C1": 0.6, "A3": 0.8, "C2": 0.8}  # of the matrix-product peak, by brute force


class Results:
    """The rows, by case and program and round."""

    def __init__(self, folder: Path) -> None:
        self.all: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        self.rows: dict[tuple[str, str], dict[int, Row]] = defaultdict(dict)
        for row in [*self.all["rows"], *self.all["curves"]]:
            self.rows[row["case"], row["program"]][row["round"]] = row

    def first(self, case: str, program: str) -> Row:
        """Return the row of the first round, {} where there is none."""
        return self.rows.get((case, program), {}).get(0, {})

    def seconds(self, case: str, program: str) -> list[float]:
        """Return the seconds of every round that worked, for the whole work."""
        found = self.rows.get((case, program), {})
        return [row["seconds_full"] for row in found.values() if "seconds_full" in row]

    def ratio(self, case: str, program: str, base: str = "somkit") -> Ratio | None:
        """Return a program's time / somkit's of the same round: the median over the rounds, and the extremes."""
        theirs, ours = self.rows.get((case, program), {}), self.rows.get((case, base), {})
        taken = [(row.get("seconds_full"), ours.get(number, {}).get("seconds_full")) for number, row in theirs.items()]
        values = [their / our for their, our in taken if their and our]
        return (median(values), min(values), max(values)) if values else None

    def peak(self) -> float | None:
        """Return the best two-thread matrix product, in GFLOP/s."""
        return max((row["peak"] for row in self.all["kernels"] if "peak" in row), default=None)

    def steady(self) -> bool:
        """Whether the matrix-product peak was much the same beside every case."""
        peaks = [row["peak"] for row in self.all["kernels"] if "peak" in row]
        return not peaks or min(peaks) >= STEADY * max(peaks)

    def doubts(self) -> list[str]:
        """Return why these figures are not to be quoted; nothing if they may be."""
        found = ["the sizes are tiny"] if self.all["quick"] else []
        found += ["there was one round"] if self.all["rounds"] < 2 else []
        if self.all["load_before"] > IDLE:
            found.append(f"the machine had other work to do (load {self.all['load_before']} before the start)")
        if not self.steady():
            peaks = sorted(row["peak"] for row in self.all["kernels"] if "peak" in row)
            found.append(f"the matrix-product peak itself went from {peaks[0]:.0f} to {peaks[-1]:.0f} GFLOP/s")
        return found


def times(value: float) -> str:
    """Spell a ratio."""
    return f"{value:.0f}{X}" if value >= 20 else f"{value:.1f}{X}" if value >= 2 else f"{value:.2f}{X}"


def spread(ratio: Ratio) -> str:
    """Spell a ratio with its spread."""
    return f"{times(ratio[0])} ({times(ratio[1])} to {times(ratio[2])})" if ratio[1] < ratio[2] else times(ratio[0])


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def megabytes(row: Row, *, beyond: bool = False) -> float | None:
    """Return the peak of anonymous memory, or how far it is beyond what there was before."""
    peak, before = row.get("anonymous_peak"), row.get("anonymous_before")
    return None if peak is None else (peak - (before if beyond else 0)) / 1e6


def verdict(*, met: bool) -> str:
    """Say whether a promise is kept."""
    return "yes" if met else "**no**"


def verdict_in(ratio: Ratio, *, least: float = 0.0, most: float = float("inf")) -> str:
    """Say whether a promise is kept in every round, in none, or in some."""
    kept = {least <= value <= most for value in ratio}
    return "unclear: not in every round" if len(kept) == 2 else verdict(met=kept.pop())


def promises(results: Results) -> Iterator[list[str]]:
    """Yield what was promised, what was measured, and whether the one reaches the other."""
    for case, about in results.all["cases"].items():
        for program, least in about["goals"].items():
            if found := results.ratio(case, program):
                mark = "~" if results.first(case, program).get("cut") else ""
                what = f"faster than {NAMES[program]}"
                yield [case, what, f"{least:g}{X}", mark + spread(found), verdict_in(found, least=least)]
    if found := results.ratio("A1", "xpysom", "somkit-numpy"):
        what = "faster than XPySom, without compiled kernels"
        yield ["A1", what, f"{TWIN}{X}", spread(found), verdict_in(found, least=TWIN)]
    for (case, program), most in WITHIN.items():
        if found := results.ratio(case, program):
            what = f"{NAMES[program]}, in somkit's own time"
            yield [case, what, f"at most {most:g}{X}", spread(found), verdict_in(found, most=most)]
    yield from _quality(results)
    yield from _absolute(results)
    yield from _kernels(results)
    for case, sums in digests(results).items():
        same = len(set(sums.values())) == 1
        what = f"codebook for {', '.join(map(str, sums))} threads"
        yield [case, what, "the same bits", "the same" if same else "different", verdict(met=same)]


def _quality(results: Results) -> Iterator[list[str]]:
    for case, about in results.all["cases"].items():
        ours = results.first(case, "somkit")
        if "wrong_units" in ours:
            wrong = ours["wrong_units"]
            yield [case, "units that are not the nearest", "none", f"{wrong:.2%}", verdict(met=wrong == 0)]
        for program in about["goals"]:
            theirs = results.first(case, program)
            for name in ("quantisation_error", "topographic_error"):
                if name in ours and name in theirs:
                    what = f"{name.replace('_', ' ')} beside {NAMES[program]}'s"
                    met = ours[name] <= theirs[name] * EQUAL + (1 / 500 if name == "topographic_error" else 0)
                    yield [case, what, f"at most {theirs[name]:.4f}", f"{ours[name]:.4f}", verdict(met=met)]


def _absolute(results: Results) -> Iterator[list[str]]:
    for case, most in MEMORY.items():
        value = megabytes(results.first(case, "somkit"), beyond=case == "M1")
        if value is not None:
            what = "anonymous memory" + (" beyond importing" if case == "M1" else "")
            yield [case, what, f"at most {most} MB", f"{value:.0f} MB", verdict(met=value <= most)]
    if found := results.ratio("M1", "somkit", "somkit@1/10"):
        what = "time per row, in that for a tenth of the rows"
        yield ["M1", what, f"at most {LINEAR:g}{X}", spread(found), verdict_in(found, most=LINEAR)]
    for program in ("somkit-graph", "somkit-graph-wide"):
        row = results.first("E1", program)
        if "seconds" in row:  # map distances are worked out when they are first needed: in the first epoch
            built = row["building"] + row["first_epoch"] - row["seconds"]
            what = f"building the lattice and its distances, {NAMES[program]}"
            yield ["E1", what, "at most 20 s", f"{built:.1f} s", verdict(met=built <= 20)]
    peak = results.peak()
    for case in ("A3", "D1"):
        about, seconds = results.all["cases"].get(case), results.seconds(case, "somkit")
        if peak and about and seconds:
            floor = 2 * about["n"] * about["side"] ** 2 * about["d"] * about["epochs"] / peak / 1e9
            taken = median(seconds)
            what = "whole fit, beside all its products at the matrix-product peak"
            yield [case, what, f"at most {floor:.3f} s", f"{taken:.3f} s", verdict(met=taken <= floor)]


def _kernels(results: Results) -> Iterator[list[str]]:
    # Against the best product of the whole run: under load the one beside a case can be half as fast, and flatter it.
    best: dict[str, float] = {}
    peak = results.peak() or 1.0
    for row in results.all["kernels"]:
        if "scores" in row.get("job", "") and row["case"] in KERNEL_SHARE:
            best[row["case"]] = max(best.get(row["case"], 0.0), row["gflops"] / peak)
    what = "brute-force search, of the matrix-product peak"
    for case, share in best.items():
        least = KERNEL_SHARE[case]
        kept = verdict(met=share >= least) if results.steady() else "unclear: the peak itself was not steady"
        yield [case, what, f"{least:.0%}", f"{share:.0%}", kept]


def digests(results: Results) -> dict[str, dict[int, str]]:
    """Return the SHA-256 of codebooks by case and number of threads."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for row in results.all["threads"]:
        found[row["case"]][row["threads"]] = row.get("sha256", row.get("error", "?"))
    return found


def side_by_side(results: Results) -> Iterator[list[str]]:
    """Yield every program on every case."""
    for case, about in results.all["cases"].items():
        for number, program in enumerate(about["runs"]):
            row, seconds = results.first(case, program), results.seconds(case, program)
            start = [f"{case}: {about['about']}" if number == 0 else "", NAMES[program]]
            if not seconds:
                why = row.get("missing", row.get("error", "not run"))
                yield [*start, "missing" if "missing" in row else "failed", "", why, ""]
                continue
            mark = "~" if row["cut"] else ""
            spanned = f" ({min(seconds):.4g} to {max(seconds):.4g})" if seconds[1:] else ""
            taken = f"{mark}{median(seconds):.4g}{spanned}"
            ratio, memory = results.ratio(case, program), megabytes(row)
            slower = "1" if program == "somkit" else f"{mark}{spread(ratio)}" if ratio else ""
            yield [*start, taken, slower, quality(row), "" if memory is None else f"{memory:.0f}"]


def quality(row: Row) -> str:
    """Spell the quality of what a program left."""
    if "wrong_units" in row:
        return f"{row['wrong_units']:.2%} wrong"
    if "quantisation_error" in row:
        return f"{row['quantisation_error']:.4f} / {row['topographic_error']:.4f}"
    if "first_epoch" in row:
        return f"lattice {row['building']:.3g} s, first epoch {row['first_epoch']:.3g} s"
    return ""


def curve_rows(results: Results, curve: str) -> list[tuple[int, float, float | None]]:
    """Return the points of a scaling curve: what grows, somkit's seconds, XPySom's."""
    axis = {"S1": 1, "S2": 2, "S3": 3}[curve]
    cases = dict.fromkeys(row["case"] for row in results.all["curves"] if row["case"].startswith(curve))
    points = []
    for case in cases:
        ours, theirs = results.seconds(case, "somkit"), results.seconds(case, "xpysom")
        if ours:
            points.append((int(case.split("-")[axis]), ours[0], theirs[0] if theirs else None))
    return points


CURVES = {
    "S1": "samples (900 units, 10 features)",
    "S2": "units (20 000 samples, 10 features)",
    "S3": "features (20 000 samples, 900 units)",
}


def heading(results: Results) -> str:
    """Return what ran, on what, and what to mind."""
    about, machine = results.all, results.all["machine"]
    packages = {**machine["peers"], **machine["somkit"]}
    versions = ", ".join(f"{name} {version}" for name, version in packages.items() if version)
    lines = [
        "# Results", "",
        (
            f"{about['date']}, {about['rounds']} round(s), {machine['processor']}, {machine['cores']} cores, "
            f"{machine['system']}, Python {machine['python']}; {versions}. Written by `python benchmarks/run.py`; "
            "what the cases and ratios are stands in [README.md](README.md)."
        ), "",
    ]  # fmt: skip
    if doubts := results.doubts():
        lines += [f"**Provisional, not to be quoted: {'; '.join(doubts)}.**", ""]
    lines += [f"**Missing: {NAMES.get(peer, peer)}: {reason}**\n" for peer, reason in about["missing"].items()]
    return "\n".join(lines)


def document(results: Results) -> str:
    """Return results.md."""
    parts = [heading(results)]
    if kept := list(promises(results)) if not results.all["quick"] else []:
        parts += ["## What somkit promises", table(["case", "what", "at least", "measured", "kept"], kept)]
    if rows := list(side_by_side(results)):
        head = ["case", "program", "seconds, median (range)", "time / somkit's", "quality", "anonymous MB"]
        note = (
            "Quality: quantisation / topographic error, or the share of units that are not the nearest. `~`: worked "
            "out from less work, so without quality."
        )
        parts += ["## Side by side", note + "\n", table(head, rows)]
    for curve, grows in CURVES.items():
        if points := curve_rows(results, curve):
            rows = [[f"{x:,}", f"{ours:.4g}", f"~{theirs:.4g}" if theirs else ""] for x, ours, theirs in points]
            parts += [f"## Seconds against {grows}, 4 epochs", table([grows.split()[0], "somkit", "XPySom"], rows)]
    if found := digests(results):
        rows = [
            [case, ", ".join(map(str, sums)), ", ".join(sorted({digest[:16] for digest in sums.values()}))]
            for case, sums in found.items()
        ]
        parts += ["## SHA-256 of the codebook", table(["case", "threads", "first 16 digits, one if all agree"], rows)]
    if results.all["kernels"]:
        head = ["case", "job", "ms", "GFLOP/s", "of the peak", "µs/update"]
        parts += ["## Kernels", table(head, kernel_table(results))]
    return "\n".join(parts)


def kernel_table(results: Results) -> list[list[str]]:
    """Return the micro-benchmarks; "scores" is brute force, "bounds" leaves out what bounds exclude."""
    rows, peak = [], results.peak() or 1.0
    for row in results.all["kernels"]:
        if "error" in row:
            return [["failed", row["error"], "", "", "", ""]]
        speed = [f"{row['gflops']:.0f}", f"{row['gflops'] / peak:.0%}"] if "gflops" in row else ["", ""]
        update = f"{row['us_per_update']:.2f}" if "us_per_update" in row else ""
        rows.append([row["case"], row["job"], f"{row['seconds'] * 1e3:.2f}", *speed, update])
    return rows


def draw_ratios(results: Results, path: Path) -> None:
    """Draw how many times faster somkit is, peer by peer; hollow marks are worked out from less work."""
    cases = [case for case, about in results.all["cases"].items() if set(about["runs"]) & LOOKS.keys() and case != "M1"]
    cases = [case for case in cases if any(results.ratio(case, peer) for peer in LOOKS)]
    if not cases:
        return
    figure = Figure(figsize=(9, 1.6 + 0.45 * len(cases)), layout="constrained")
    ax: Axes = figure.add_subplot()
    shown = {}
    for row, case in enumerate(cases):
        ax.axhline(row, color="0.9", linewidth=0.8, zorder=0)
        present = [peer for peer in LOOKS if results.ratio(case, peer)]
        for place, peer in enumerate(present):
            (colour, shape), found = LOOKS[peer], results.ratio(case, peer) or (1, 1, 1)
            face = "white" if results.first(case, peer).get("cut") else colour
            y = row + 0.2 * (place - (len(present) - 1) / 2)
            ax.plot(found[1:], [y, y], color=colour, linewidth=1.5, zorder=2)
            ax.plot(found[0], y, shape, color=colour, markerfacecolor=face, markersize=7, markeredgewidth=1.5, zorder=3)
            shown[peer] = Line2D([], [], color=colour, marker=shape, linestyle="none", label=NAMES[peer])
            if goal := results.all["cases"][case]["goals"].get(peer):
                ax.plot([goal, goal], [y - 0.18, y + 0.18], color=colour, linewidth=1.5, linestyle=":", zorder=1)
    ax.axvline(1, color="0.3", linewidth=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}{X}")
    ax.set_yticks(range(len(cases)), [f"{case}   {results.all['cases'][case]['about']}" for case in cases])
    ax.set_ylim(len(cases) - 0.4, -0.6)
    doubtful = "; provisional: see results.md" if results.doubts() else ""
    ax.set_xlabel(f"time of the peer / time of somkit{doubtful}")
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    hollow = Line2D([], [], color="0.3", marker="o", markerfacecolor="white", linestyle="none", label="from less work")
    goal = Line2D([], [], color="0.3", linestyle=":", label="promised")
    figure.legend(handles=[*shown.values(), hollow, goal], loc="outside upper center", ncols=4, frameon=False)
    figure.savefig(path, dpi=150)


def draw_curves(results: Results, path: Path) -> None:
    """Draw seconds against samples, units and features."""
    curves = {curve: curve_rows(results, curve) for curve in CURVES}
    curves = {curve: points for curve, points in curves.items() if points}
    if not curves:
        return
    figure = Figure(figsize=(3.6 * len(curves), 3.4), layout="constrained")
    axes = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for ax, (curve, points) in zip(axes, curves.items(), strict=True):
        colour, shape = LOOKS["xpysom"]
        theirs = [(x, seconds) for x, _, seconds in points if seconds is not None]
        label = "XPySom (from less work)"
        if theirs:
            ax.plot(*zip(*theirs, strict=True), color=colour, marker=shape, markerfacecolor="white", label=label)
        ax.plot([x for x, *_ in points], [ours for _, ours, _ in points], color="black", marker="s", label="somkit")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel(CURVES[curve].replace(" (", "\n("))
        ax.grid(color="0.92")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("seconds, 4 epochs")
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Write what results.json says."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    results = Results(folder)
    (folder / "results.md").write_text(document(results), encoding="utf-8")
    draw_ratios(results, folder / "results.png")
    draw_curves(results, folder / "scaling.png")


if __name__ == "__main__":
    main()
