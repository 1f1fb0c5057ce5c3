package dev.jubilee.events.spring.examples;

/** Somebody put gold into the treasury of a guild. */
record GoldDeposited(String member, long amount) {}
