package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.postgres.GroupCommit;
import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.events.postgres.LaneSettings;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;

/**
 * Claims of rewards, committed in groups. A claim that is repeated is answered like the first one;
 * caps hold from any number of instances, first come, first served. Thread-safe.
 */
public final class Claims implements AutoCloseable {
    /** Claims of one reward take turns with those of others. */
    private record Turn(String eventId, String rewardId) {}

    private final GroupCommit<Claim, ClaimResult> lane;

    /** Starts the lane. */
    public Claims(DataSource dataSource, InstantSource clock, LaneListener listener) {
        this.lane =
                new GroupCommit<>(
                        LaneSettings.of("claims").withGathering(true),
                        dataSource,
                        new ClaimBatch(clock),
                        listener);
    }

    /**
     * Completes once the claim is committed or refused; exceptionally as a lane does when it is
     * full, closed or too late. Never blocks.
     */
    public CompletableFuture<ClaimResult> claim(Claim claim) {
        return lane.submit(new Turn(claim.eventId(), claim.rewardId()), claim);
    }

    /** Finishes what was accepted. */
    @Override
    public void close() {
        lane.close();
    }
}
