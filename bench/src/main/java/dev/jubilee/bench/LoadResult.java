package dev.jubilee.bench;

/**
 * What a load generator saw.
 *
 * @param requests that were answered
 * @param sent that were sent; more than were answered, when the generator hung up on some
 * @param seconds over which they were sent
 * @param errors answers that were not 2xx, and connections that failed
 * @param statuses which they were, such as {@code 200:9 409:1}; empty when nobody counted
 * @param exhausted whether everything that there was to send was sent before the time was over
 */
public record LoadResult(
        long requests,
        long sent,
        double seconds,
        long errors,
        String statuses,
        boolean exhausted,
        Latency latency) {
    public double throughput() {
        return seconds <= 0 ? 0 : requests / seconds;
    }

    /** How many may have been done without an answer that anyone heard. */
    public long unheard() {
        return Math.max(0, sent - requests);
    }

    /** How many were answered as they should be. */
    public long good() {
        return requests - errors;
    }
}
