package dev.jubilee.server.http;

import org.jspecify.annotations.Nullable;

/** Something that must have happened by a time. Belongs to one event loop. */
abstract class Deadline {
    @Nullable RequestDeadlines waitsIn;
    @Nullable Deadline before;
    @Nullable Deadline after;
    long due;

    /** Called once, on the event loop, when the time has come and nobody has cancelled. */
    abstract void passed();

    /** Waits no more; harmless when it did not wait. */
    final void cancel() {
        if (waitsIn != null) {
            waitsIn.remove(this);
        }
    }
}
