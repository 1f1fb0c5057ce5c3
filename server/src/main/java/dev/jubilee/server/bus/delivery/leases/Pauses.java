package dev.jubilee.server.bus.delivery.leases;

import dev.jubilee.events.Backoff;
import dev.jubilee.server.bus.subscriptions.RetryPolicy;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How long something rests after a failure, by how often it was tried: for rows of which each has a
 * number of attempts of its own.
 *
 * @param seconds after the first attempt, after the second and so on; the last one repeats
 * @param jitter the part of each that is left to chance
 */
record Pauses(List<Double> seconds, double jitter) {
    /** The pause of a row {@code p}; takes what {@link #set} sets. */
    static final String SQL =
            "(SELECT make_interval(secs => n.seconds[least(greatest(p.attempts, 1), cardinality(n.seconds))]"
                    + " * (1 - ? * random())) FROM (SELECT ?::float8[]) AS n (seconds))";

    private static final double MILLIS = 1_000;

    Pauses {
        seconds = List.copyOf(seconds);
    }

    /** The same one always. */
    static Pauses of(Duration pause) {
        return new Pauses(List.of(pause.toMillis() / MILLIS), 0);
    }

    static Pauses of(RetryPolicy retry) {
        Backoff backoff = retry.strategy().backoff();
        return new Pauses(
                IntStream.rangeClosed(1, Math.max(1, retry.maxRetries()))
                        .mapToObj(attempts -> backoff.longestAfter(attempts).toMillis() / MILLIS)
                        .toList(),
                retry.jitter());
    }

    /** Sets the parameters from this one on, and returns the next. */
    int set(PreparedStatement statement, int parameter) throws SQLException {
        statement.setDouble(parameter, jitter);
        statement.setArray(
                parameter + 1,
                statement.getConnection().createArrayOf("float8", seconds.toArray()));
        return parameter + 2;
    }
}
