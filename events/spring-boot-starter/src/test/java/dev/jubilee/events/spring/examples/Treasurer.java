package dev.jubilee.events.spring.examples;

import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.spring.HandlesEvents;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.stereotype.Component;

/** Counts the gold of every guild. */
@Component
class Treasurer {
    private final Map<String, Long> gold = new ConcurrentHashMap<>();

    @HandlesEvents(value = "guild.gold.deposited", durable = "treasurer")
    void deposited(DomainEvent<GoldDeposited> event) {
        gold.merge(event.aggregateId(), event.data().amount(), Long::sum);
    }

    long gold(String guild) {
        return gold.getOrDefault(guild, 0L);
    }
}
