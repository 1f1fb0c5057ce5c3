package dev.jubilee.events.postgres;

import java.time.Duration;

/**
 * Watches a lane, for metrics and logs. Called on the lane's thread: be short. What it throws is
 * logged and changes nothing.
 */
public interface LaneListener {
    /** Watches nothing. */
    LaneListener NONE = new LaneListener() {};

    /** So many items were committed in one transaction, which took so long, retries included. */
    default void committed(int items, Duration took) {}

    /** So many items are tried again because of this. */
    default void retrying(int items, Throwable cause) {}

    /** One item failed by itself, and only its caller was told. */
    default void poisoned(Throwable cause) {}

    /** So many submissions were dropped unwritten: their callers had left, or their time was up. */
    default void dropped(int items) {}
}
