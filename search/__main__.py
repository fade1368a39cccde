"""`python -m search`: search a store, look at what is in it, and act on what is wrong with it."""

if __name__ == "__main__":
    # Before anything else is loaded.
    from storage import interrupts

    interrupts.end_at_once()

from search.commands import curation, look, query
from storage import console

app = console.command_app("Find the stored images most like a given one.")
app.command()(query.query)
app.command("map")(look.draw_map)
app.command()(look.explore)
for command in (curation.duplicates, curation.suspects, curation.outliers):
    app.command()(command)
app.command("apply")(curation.apply_plan)
app.command()(look.serve)

if __name__ == "__main__":
    console.run(app, "python -m search")
