package dev.jubilee.events.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.ConflictException;
import dev.jubilee.events.commands.Command;
import dev.jubilee.events.commands.CommandBus;
import dev.jubilee.events.commands.CommandMiddleware;
import dev.jubilee.events.commands.CommandResult;
import dev.jubilee.events.tck.CommandBusContract;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LocalCommandBusTest extends CommandBusContract {
    private record Deposit(String guild, long amount) {}

    private static final Command<Deposit> FIVE =
            new Command<>(
                    "c1",
                    "guild.deposit",
                    new Deposit("g1", 5),
                    new Command.Metadata("ada", Instant.EPOCH, "corr"));

    private final List<String> log = new ArrayList<>();

    @Override
    protected CommandBus open() {
        return new LocalCommandBus(3, Backoff.fixed(Duration.ZERO), List.of());
    }

    @Test
    void aConflictIsTriedAsOftenAsWasSaid() {
        LocalCommandBus bus = new LocalCommandBus(2, Backoff.fixed(Duration.ZERO), List.of());
        bus.register(
                "guild.deposit",
                Deposit.class,
                command -> {
                    throw new ConflictException("somebody was faster");
                });

        assertThat(bus.dispatch(FIVE)).isEqualTo(new CommandResult.Conflict(2));
    }

    @Test
    void middlewareStandsAroundOnceTheFirstOutermost() {
        AtomicInteger conflicts = new AtomicInteger(1);
        LocalCommandBus bus =
                new LocalCommandBus(
                        2,
                        Backoff.fixed(Duration.ZERO),
                        List.of(logging("outer"), logging("inner")));
        bus.register(
                "guild.deposit",
                Deposit.class,
                command -> {
                    log.add("handle");
                    if (conflicts.getAndDecrement() > 0) {
                        throw new ConflictException("somebody was faster");
                    }
                });

        bus.dispatch(FIVE);

        assertThat(log)
                .containsExactly(
                        "outer in", "inner in", "handle", "handle", "inner out", "outer out");
    }

    private CommandMiddleware logging(String name) {
        return (command, next) -> {
            log.add(name + " in");
            CommandResult result = next.dispatch(command);
            log.add(name + " out");
            return result;
        };
    }
}
