package dev.jubilee.events.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.core.InMemoryEventBus;
import dev.jubilee.events.examples.TreasuryEvent.GoldDeposited;
import dev.jubilee.events.json.PlainJsonCodec;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlainJsonTest {
    @Test
    void anEventIsOneObject() {
        EventRegistry registry =
                EventRegistry.builder().type("guild.gold.deposited", GoldDeposited.class).build();
        EventFactory events =
                new EventFactory(registry, InstantSource.system(), "guild-service", "production");
        DomainEvent<GoldDeposited> deposited =
                events.domain("treasury", "dragons", new GoldDeposited("ada", 5));

        PlainJsonCodec codec = new PlainJsonCodec(registry);
        byte[] json = codec.write(deposited);
        BaseEvent read = codec.read(json);

        assertThat(read).isEqualTo(deposited);
        assertThat(new String(json, StandardCharsets.UTF_8))
                .contains("\"aggregateId\":\"dragons\"", "\"environment\":\"production\"");
        List<BaseEvent> seen = new ArrayList<>();
        try (InMemoryEventBus bus = new InMemoryEventBus()) {
            bus.subscribe("guild.#", SubscriptionOptions.synchronous(), seen::add);
            bus.publish(read);
        }
        assertThat(seen).containsExactly(deposited);
    }
}
