package dev.jubilee.server.liveops.events;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.liveops.rewards.Expiries;
import dev.jubilee.server.liveops.rewards.Grants;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets what was earned expire by the ends as they now are, some grants a transaction, once it is
 * committed that they moved. If that breaks off nobody loses anything: an expiry that is too early
 * is put right before it passes. Thread-safe.
 */
final class MovedEnds {
    private static final Logger log = LoggerFactory.getLogger(MovedEnds.class);

    private final Database database;
    private final Grants grants;
    private final int atATime;

    /**
     * @param atATime grants that are written in one transaction
     */
    MovedEnds(Database database, Grants grants, int atATime) {
        this.database = database;
        this.grants = grants;
        this.atATime = atATime;
    }

    /** Returns when they have followed, or when that has failed. */
    void follow(LiveEvents.Change change) {
        try {
            for (UUID occurrence : change.moved()) {
                follow(change.eventId(), grants.endMoved(occurrence, atATime));
            }
        } catch (RuntimeException e) {
            log.warn(
                    "what was earned in {} does not follow its new end yet: {}",
                    change.eventId(),
                    e.toString());
        }
    }

    /**
     * Each part sees the end as it is when nobody else moves it: where it is moved a second time,
     * what follows from the first comes to the same as what follows from the second.
     */
    private void follow(String eventId, Expiries expiries) {
        boolean more = true;
        while (more) {
            more =
                    database.transaction(connection -> {
                        LiveEventStore.serialize(connection, eventId);
                        return expiries.next(connection);
                    });
        }
    }
}
