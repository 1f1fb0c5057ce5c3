package dev.jubilee.bench;

import java.time.Duration;
import java.util.Map;

/** Runs the phases of a scenario and notes what they measured. */
final class Phases {
    private static final double MEGABYTE = 1 << 20;
    private static final double MEMORY_LIMIT = 384;

    private final Stand stand;
    private final Outcome.Notes notes;
    private final String operation;
    private final int perRequest;
    private double memoryLimit = MEMORY_LIMIT;
    private long good;
    private long errors;
    private long underWay;

    /**
     * @param operation what is counted, such as {@code join}
     * @param perRequest how many of them a request carries
     */
    Phases(Stand stand, Outcome.Notes notes, String operation, int perRequest) {
        this.stand = stand;
        this.notes = notes;
        this.operation = operation;
        this.perRequest = perRequest;
    }

    /** The same with another limit to the program's resident memory, in megabytes. */
    Phases within(double megabytes) {
        memoryLimit = megabytes;
        return this;
    }

    /** How many operations were acknowledged in all phases. */
    long acknowledged() {
        return good * perRequest;
    }

    /** How many more the platform may have done, unheard. */
    long underWay() {
        return underWay * perRequest;
    }

    /** Gives the program time to compile what it will run: rounds of the same load. */
    void warmUp(Wrk wrk, Load load) {
        stand.say("warming up");
        Warmth warmth = stand.warmth();
        while (warmth.wantsMore()) {
            pile(wrk, load, stand.warmUp());
        }
    }

    /** As fast as it goes; returns operations a second. */
    double saturate(Wrk wrk, Load load, Duration duration, double floor) {
        stand.say("as fast as it goes");
        try (Meter meter = stand.meter()) {
            LoadResult result = wrk.saturate(load, duration);
            count(result);
            double rate = result.throughput() * perRequest;
            notes.figure(Figure.atLeast("throughput", rate, "/s", floor));
            latency(result, "saturated", Double.POSITIVE_INFINITY);
            cost(meter, result);
            return rate;
        }
    }

    /**
     * As fast as it goes, with figures that are told beside others; returns operations a second.
     */
    double saturate(Wrk wrk, Load load, Duration duration, String when) {
        stand.say("as fast as it goes, " + when);
        try (Meter meter = stand.meter()) {
            LoadResult result = wrk.saturate(load, duration);
            count(result);
            double rate = result.throughput() * perRequest;
            notes.figure(Figure.told("throughput " + when, rate, "/s"));
            latency(result, when, Double.POSITIVE_INFINITY);
            cost(notes, meter, operation + " " + when, result.requests() * perRequest);
            memory(notes, meter, when, memoryLimit);
            return rate;
        }
    }

    /** As fast as it goes, to leave something to do; notes nothing. */
    LoadResult pile(Wrk wrk, Load load, Duration duration) {
        LoadResult result = wrk.saturate(load, duration);
        count(result);
        return result;
    }

    /** At a fixed number of operations a second; returns what was reached. */
    double steady(Wrk wrk, Load load, Duration duration, int rate, double p99Millis) {
        String at = "at %,d/s".formatted(rate);
        stand.say(at);
        try (Meter meter = stand.meter()) {
            LoadResult result = wrk.steady(load, duration, rate / perRequest);
            count(result);
            double reached = result.throughput() * perRequest;
            notes.figure(Figure.atLeast("reached " + at, reached, "/s", rate * 0.99));
            latency(result, at, p99Millis);
            memory(notes, meter, "", memoryLimit);
            return reached;
        }
    }

    /** Every error is a wrong answer: nothing that the scenarios ask for may be refused. */
    void answers() {
        notes.finding(Finding.exactly("answers that were not 2xx, or none", 0, errors));
    }

    private void count(LoadResult result) {
        good += result.good();
        errors += result.errors();
        underWay += result.unheard();
        if (result.errors() > 0 && !result.statuses().isEmpty()) {
            stand.say("answers by status: " + result.statuses());
        }
    }

    private void latency(LoadResult result, String when, double p99Millis) {
        notes.figure(Figure.told("p50 " + when, result.latency().p50() / 1000.0, "ms"));
        double p99 = result.latency().p99() / 1000.0;
        notes.figure(
                Double.isInfinite(p99Millis)
                        ? Figure.told("p99 " + when, p99, "ms")
                        : Figure.below("p99 " + when, p99, "ms", p99Millis));
        notes.figure(Figure.told("p99.9 " + when, result.latency().p999() / 1000.0, "ms"));
    }

    private void cost(Meter meter, LoadResult result) {
        cost(notes, meter, operation, result.requests() * perRequest);
        memory(notes, meter, "", memoryLimit);
    }

    /** Notes what each process spent on one of so many operations. */
    static void cost(Outcome.Notes notes, Meter meter, String operation, long operations) {
        for (Map.Entry<String, Double> spent : meter.seconds().entrySet()) {
            notes.figure(
                    Figure.told(
                            "CPU of %s per %s".formatted(spent.getKey(), operation),
                            spent.getValue() * 1e6 / Math.max(1, operations),
                            "µs"));
        }
    }

    /** Notes the most memory that the program held, in megabytes. */
    static void memory(Outcome.Notes notes, Meter meter, String when, double limit) {
        notes.figure(
                Figure.below(
                        ("resident memory of the program " + when).strip(),
                        meter.mostMemory() / MEGABYTE,
                        "MB",
                        limit));
    }
}
