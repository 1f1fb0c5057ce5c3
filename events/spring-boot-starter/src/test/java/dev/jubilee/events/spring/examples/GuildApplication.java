package dev.jubilee.events.spring.examples;

import dev.jubilee.events.spring.EventTypes;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** The application of the guide. */
@SpringBootApplication
class GuildApplication {
    @Bean
    EventTypes guildEvents() {
        return registry -> registry.type("guild.gold.deposited", GoldDeposited.class);
    }
}
