package dev.jubilee.server.bus.delivery.dispatch;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How much an endpoint was sent in the last minute, and how long it asked to be left alone. For the
 * dispatcher's thread.
 */
final class Pace {
    final RateWindow rate = new RateWindow();
    private @Nullable Instant restsUntil;

    boolean rests(Instant now) {
        return restsUntil != null && now.isBefore(restsUntil);
    }

    /** The end of the last rest; null when there was none. */
    @Nullable Instant restsUntil() {
        return restsUntil;
    }

    /** Rests until then, unless it rests longer anyway. */
    void restUntil(Instant when) {
        if (restsUntil == null || when.isAfter(restsUntil)) {
            restsUntil = when;
        }
    }

    /** There is another endpoint now. */
    void restIsOver() {
        restsUntil = null;
    }
}
