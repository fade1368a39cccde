"""Which recipe is best? All recipes, and raw pixels, on the same splits of the source."""

from collections.abc import Callable, Mapping

from benchmarks.common.measurement import HIGHER, NO_VALUE, Measurement, single_value
from benchmarks.measures.recipes import PIXELS, QUICK_SPLITS, SPLITS, RecipeScore, RecipesReport, measure_recipes
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Value, draw_points
from benchmarks.parts.section import Picture, Text, grid_of


def measure(context: Context) -> Outcome:
    """Measure every recipe on the same splits."""
    report = measure_recipes(
        context.source,
        list(context.recipes.values()),
        test=context.test,
        splits=QUICK_SPLITS if context.quick else SPLITS,
        make_backbone=context.make_backbone,
        on_progress=context.on_progress,
        on_stage=context.on_stage,
    )
    best = max(report.scores, key=lambda score: score.one_nn_accuracy)
    return Outcome.of(
        report,
        _measurements(report),
        [Text(_INTRO), _plot(report), grid_of(report.scores, _COLUMNS, strong=1)],
        value=best.recipe,
        answer=f"{100 * best.one_nn_accuracy:.1f}\u00a0% of the nearest neighbours have the right label, mean of "
        f"{len(report.twins)} splits",
    )


def _measurements(report: RecipesReport) -> dict[str, Measurement]:
    measurements: dict[str, Measurement] = {}
    for score in report.scores:
        measurements[f"{score.recipe}/1-NN accuracy"] = Measurement(
            score.one_nn_accuracy, *score.ci95, "", HIGHER, len(score.per_split), "mean and 95 % interval of the splits"
        )
        measurements[f"{score.recipe}/mAP@10"] = single_value(score.map_at_10, "", HIGHER, len(score.per_split))
    return measurements


_INTRO = (
    "Every recipe has the same query images in each of several random splits; heads are fitted on the stored images "
    "only. Raw pixels are the baseline for any embedding. A twin is a stored image that is nearly identical to the "
    "query."
)


def _plot(report: RecipesReport) -> Picture:
    points = []
    for score in report.scores:
        value, low, high = (100 * share for share in (score.one_nn_accuracy, *score.ci95))
        points.append(Value(score.recipe, value, low, high, "%", ours=score.recipe != PIXELS))
    return Picture(
        "recipes.svg",
        draw_points(points),
        "Points: the 1-NN accuracy of each recipe, and of raw pixels, with its interval",
        "1-NN accuracy in percent, mean of the splits with its 95 % interval.",
    )


def _without_twins(score: RecipeScore) -> str:
    accuracy = score.one_nn_accuracy_without_twins
    return NO_VALUE if accuracy is None else f"{accuracy:.4f}"


_COLUMNS: Mapping[str, Callable[[RecipeScore], str]] = {
    "recipe": lambda score: score.recipe,
    "1-NN accuracy": lambda score: f"{score.one_nn_accuracy:.4f}",
    "95 % interval": lambda score: f"{score.ci95[0]:.3f} to {score.ci95[1]:.3f}",
    "without twins": _without_twins,
    "recall@5": lambda score: f"{score.recall_at['5']:.4f}",
    "mAP@10": lambda score: f"{score.map_at_10:.4f}",
    "mAP@R": lambda score: f"{score.map_at_r:.4f}",
    "bytes": lambda score: f"{score.bytes_per_item:,}",
    "images/s": lambda score: f"{score.images_per_second:,.0f}",
}

PART = Part("recipes", "Which recipe is best?", measure)
