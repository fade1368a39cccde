"""Draw the accuracy of the recipes against their cost."""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.measures.recipes import PIXELS, RecipesReport
from search.figures.palette import FAINT, INK, LABEL_COLOURS, OTHERS


def draw_recipes(report: RecipesReport) -> Figure:
    """Draw each recipe's 1-NN accuracy with its 95 % interval over the milliseconds per image."""
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    for number, score in enumerate(report.scores):
        low, high = score.ci95
        color = OTHERS if score.recipe == PIXELS else LABEL_COLOURS[number % len(LABEL_COLOURS)]
        cost = 1_000 / score.images_per_second
        axes.plot([cost, cost], [low, high], color=color, linewidth=2, solid_capstyle="round", zorder=2)
        axes.plot([cost], [score.one_nn_accuracy], "o", color=color, markersize=9, zorder=3)
        axes.annotate(
            f"{score.recipe}  {score.one_nn_accuracy:.4f}",
            (cost, score.one_nn_accuracy),
            xytext=(9, 4),
            textcoords="offset points",
            color=INK,
            fontsize=9,
        )
    axes.margins(x=0.25, y=0.12)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("milliseconds per image, from pixels to vector", color=FAINT)
    axes.set_ylabel("1-NN accuracy, mean and 95 % interval", color=FAINT)
    axes.set_title(report.title, color=INK, fontsize=11, loc="left")
    axes.grid(color="#eaeef2", zorder=0)
    axes.tick_params(colors=FAINT, which="both", length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(OTHERS)
    return figure
