package dev.jubilee.events.spring.examples;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import org.springframework.stereotype.Service;

/** Publishes what members do. */
@Service
class Guilds {
    private final EventBus bus;
    private final EventFactory events;

    Guilds(EventBus bus, EventFactory events) {
        this.bus = bus;
        this.events = events;
    }

    void deposit(String guild, String member, long amount) {
        bus.publish(events.domain("treasury", guild, new GoldDeposited(member, amount)));
    }
}
