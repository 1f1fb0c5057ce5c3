package dev.jubilee.events.examples;

import dev.jubilee.events.aggregates.EventSourcedAggregate;
import dev.jubilee.events.examples.TreasuryEvent.GoldDeposited;
import dev.jubilee.events.examples.TreasuryEvent.GoldWithdrawn;

/** The treasury of a guild: nobody takes out more than is in it. */
final class Treasury extends EventSourcedAggregate<TreasuryEvent> {
    private long gold;

    Treasury(String guild) {
        super(guild);
    }

    /** As a snapshot has it. */
    Treasury(String guild, long gold) {
        super(guild);
        this.gold = gold;
    }

    void deposit(String member, long amount) {
        add(new GoldDeposited(member, amount));
    }

    boolean withdraw(String member, long amount) {
        if (amount > gold) {
            return false;
        }
        add(new GoldWithdrawn(member, amount));
        return true;
    }

    @Override
    protected void apply(TreasuryEvent event) {
        gold +=
                switch (event) {
                    case GoldDeposited deposited -> deposited.amount();
                    case GoldWithdrawn withdrawn -> -withdrawn.amount();
                };
    }

    long gold() {
        return gold;
    }
}
