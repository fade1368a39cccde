"""One job, from a source to a store: read, decode, embed and commit at the same time.

Three sizes: a *slice* is read and decoded together (up to 256 images, fewer of large ones); a *batch* is committed
together (whole slices, up to `batch_size` rows); a *network batch* is embedded together (as many inputs as the network
takes). A network batch may hold inputs of two batches; a batch is committed when its last network batch is done.

    thread "prefetch"       SlicePreparer     read, digest, and compare with the store: new, changed or unchanged
        |                       |
        |                   threads "decoding", up to 4: decode and shrink to network inputs
        |
        |  slices in the source's order, at most 3 waiting
        v
    calling thread          batches_of        group slices into batches
        |                       |
        |                       |  inputs; EmbeddingQueue.put waits while 4 network batches are unfinished
        |                       v
        |                   threads "embedding", 3: compute the vectors of network batches
        |                       |
        |  batches, one by one  |  PendingVectors: futures of a batch's vectors, in its order
        v                       v
    thread "committing"     BatchWriter       wait for the vectors, then append items and vectors: durable

The next batch is filled while one is committed, and `BatchWriter.commit` waits for the batch before: at most three
batches and five slices are in memory, however many images the source has. Progress is reported in the calling thread
only, after a batch is durable. With Ray, RayPreparer replaces SlicePreparer, and its slices hold vectors already.

Errors: one raised while reading reaches the calling thread after the slices before it; one raised while embedding stays
in its future, is raised again in "committing", and reaches the calling thread with the next `commit` or `wait`. Then
the source's iterator is closed in its own thread, the batch that is being committed is waited for, network batches that
have not begun are cancelled, and the error is raised. Batches committed before stay.

Ctrl-C sets an event, which the calling thread checks after each slice: it takes no more slices, commits what it
has, and raises KeyboardInterrupt. A second Ctrl-C raises KeyboardInterrupt at once, which then is an error like others.
"""
