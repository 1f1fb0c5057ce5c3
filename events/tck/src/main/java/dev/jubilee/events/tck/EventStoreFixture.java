package dev.jubilee.events.tck;

import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.DataKeys;
import dev.jubilee.events.store.EventStore;

/**
 * One empty log, and ways to it. What it opens is closed by the suite.
 *
 * <p>A fixture is made anew for every test.
 */
public interface EventStoreFixture {
    /** One more way to the log, as another program would have it. */
    EventStore open();

    /**
     * One more way to the log, whose every append runs this at the last moment before anybody else
     * can see it: just before the commit, or before the one command that does everything.
     */
    EventStore openPausing(Runnable beforeCommit);

    /** The checkpoints beside the log. */
    Checkpoints checkpoints();

    /** The people's keys beside the log. */
    DataKeys dataKeys();

    /** Ends the server as a crash would, and starts it again. What is open stays in use. */
    void restart();
}
