package dev.jubilee.events.store;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where subscriptions stand, and who may move them on. A subscription has at most one owner at a
 * time, by a lease. Each lease has a token greater than all before it, and only the last one moves
 * the checkpoint: an owner that was away for longer than its lease finds that out when it tries.
 *
 * <p>Thread-safe. Every method may throw {@link EventStoreUnavailable}.
 */
public interface Checkpoints {
    /**
     * A right to work on a subscription.
     *
     * @param token greater than that of every lease before
     * @param position the checkpoint when the lease was taken; 0 at the start
     */
    record Lease(String subscription, String owner, long token, long position) {}

    /**
     * Takes the lease if nobody has it, if it ran out, or if the same owner has it (who was
     * restarted, say); whoever had it before is fenced off.
     *
     * @param owner unique among those who compete
     * @param duration for how long, by the store's clock
     * @return empty while another has it
     */
    Optional<Lease> acquire(String subscription, String owner, Duration duration);

    /**
     * Keeps the lease for so long from now.
     *
     * @return false if another has taken it: stop working
     */
    boolean renew(Lease lease, Duration duration);

    /**
     * Moves the checkpoint to where the owner now is; never back.
     *
     * @return false if another has taken the lease: nothing was moved; stop working
     */
    boolean advance(Lease lease, long position);

    /** Gives the lease back before its time, so that the next need not wait. */
    void release(Lease lease);

    /** Where a subscription stands; empty if it never began. */
    OptionalLong position(String subscription);
}
