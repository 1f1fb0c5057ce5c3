package dev.jubilee.events.postgres;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a listener throws from its lane, whose callers wait. It is logged once a minute at
 * most. For the lane's thread alone.
 */
final class GuardedListener implements LaneListener {
    private static final Logger LOG = LoggerFactory.getLogger(GroupCommit.class);
    private static final long SILENCE = TimeUnit.MINUTES.toNanos(1);

    private final String lane;
    private final LaneListener listener;
    private long complainAt = System.nanoTime();

    GuardedListener(String lane, LaneListener listener) {
        this.lane = lane;
        this.listener = listener;
    }

    @Override
    public void committed(int items, Duration took) {
        tell(() -> listener.committed(items, took));
    }

    @Override
    public void retrying(int items, Throwable cause) {
        tell(() -> listener.retrying(items, cause));
    }

    @Override
    public void poisoned(Throwable cause) {
        tell(() -> listener.poisoned(cause));
    }

    @Override
    public void dropped(int items) {
        tell(() -> listener.dropped(items));
    }

    private void tell(Runnable what) {
        try {
            what.run();
        } catch (Throwable e) { // it only watches
            if (System.nanoTime() - complainAt >= 0) {
                complainAt = System.nanoTime() + SILENCE;
                LOG.warn("the listener of lane {} threw {}", lane, e.getClass().getName());
            }
        }
    }
}
