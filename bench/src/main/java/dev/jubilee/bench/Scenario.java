package dev.jubilee.bench;

/** Something to measure. */
@FunctionalInterface
interface Scenario {
    Outcome run(Stand stand);
}
