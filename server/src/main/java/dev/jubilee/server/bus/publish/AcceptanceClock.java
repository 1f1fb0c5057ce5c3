package dev.jubilee.server.bus.publish;

import java.time.Instant;
import java.time.InstantSource;

/**
 * The clock that stamps what is accepted. Once it has promised a moment, it never again shows an
 * earlier one, even if the machine's clock is set back. Thread-safe; a reading costs one more plain
 * load.
 */
final class AcceptanceClock implements InstantSource {
    private final InstantSource clock;
    private volatile long floorMillis = Long.MIN_VALUE;

    AcceptanceClock(InstantSource clock) {
        this.clock = clock;
    }

    /** From now on shows the moment or later; to the millisecond. One thread at a time. */
    void promise(Instant moment) {
        floorMillis = Math.max(floorMillis, moment.toEpochMilli());
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(millis());
    }

    @Override
    public long millis() {
        return Math.max(clock.millis(), floorMillis);
    }
}
