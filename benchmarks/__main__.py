"""`python -m benchmarks`: measure one part or all of them, check every answer, and compare reports."""

if __name__ == "__main__":
    # Before anything else is loaded.
    from storage import interrupts

    interrupts.end_at_once()

from benchmarks.commands import accuracy, faults, published, report, speed
from storage import console

app = console.command_app("Measure accuracy, exactness and speed, and check the answers against scikit-learn.")
for command in (
    *(
        accuracy.accuracy,
        accuracy.recipes,
        accuracy.copies,
        accuracy.curation,
        accuracy.confidence,
        accuracy.photographs,
    ),
    *(published.notebook, published.full),
    *(faults.exactness, speed.latency, speed.throughput, speed.service, speed.scaling, faults.durability, speed.peers),
    report.compare,
):
    app.command()(command)
app.command("all")(report.everything)
app.command()(report.readme)

if __name__ == "__main__":
    console.run(app, "python -m benchmarks")
