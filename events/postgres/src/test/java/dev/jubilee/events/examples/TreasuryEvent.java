package dev.jubilee.events.examples;

/** What can happen to the treasury of a guild. */
sealed interface TreasuryEvent {
    record GoldDeposited(String member, long amount) implements TreasuryEvent {}

    record GoldWithdrawn(String member, long amount) implements TreasuryEvent {}
}
