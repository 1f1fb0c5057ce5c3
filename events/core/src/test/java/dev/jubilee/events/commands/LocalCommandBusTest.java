package dev.jubilee.events.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.ConflictException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LocalCommandBusTest {
    private record Deposit(String guild, long amount) {}

    private static final Command<Deposit> FIVE = deposit(5);

    private final List<String> log = new ArrayList<>();

    @Test
    void aCommandIsCarriedOutByTheHandlerOfItsType() {
        LocalCommandBus bus = new LocalCommandBus();
        bus.register("guild.deposit", Deposit.class, command -> log.add("" + command.payload()));

        assertThat(bus.dispatch(FIVE)).isEqualTo(new CommandResult.Done(1));
        assertThat(log).containsExactly("Deposit[guild=g1, amount=5]");
    }

    @Test
    void whatIsInvalidIsNotBegunAndEveryProblemIsSaid() {
        LocalCommandBus bus = new LocalCommandBus();
        bus.register("guild.deposit", Deposit.class, new Checked());

        assertThat(bus.dispatch(deposit(-1)))
                .isEqualTo(new CommandResult.Invalid(List.of("amount must be positive")));
        assertThat(log).isEmpty();
    }

    private final class Checked implements CommandHandler<Deposit> {
        @Override
        public void handle(Command<Deposit> command) {
            log.add("done");
        }

        @Override
        public List<String> validate(Command<Deposit> command) {
            return command.payload().amount() > 0 ? List.of() : List.of("amount must be positive");
        }
    }

    @Test
    void aConflictIsTriedAgainAndInTheEndAResult() {
        AtomicInteger conflicts = new AtomicInteger(2);
        LocalCommandBus bus = new LocalCommandBus(3, Backoff.fixed(Duration.ZERO), List.of());
        bus.register(
                "guild.deposit",
                Deposit.class,
                command -> {
                    if (conflicts.getAndDecrement() > 0) {
                        throw new ConflictException("somebody was faster");
                    }
                });

        assertThat(bus.dispatch(FIVE)).isEqualTo(new CommandResult.Done(3));
        conflicts.set(3);
        assertThat(bus.dispatch(FIVE)).isEqualTo(new CommandResult.Conflict(3));
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

    @Test
    void anyOtherFailureReachesTheCallerWithItsCause() {
        LocalCommandBus bus = new LocalCommandBus();
        bus.register(
                "guild.deposit",
                Deposit.class,
                command -> {
                    throw new IOException("the vault is shut");
                });

        assertThatThrownBy(() -> bus.dispatch(FIVE))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("guild.deposit c1")
                .hasRootCauseMessage("the vault is shut");
    }

    @Test
    void mistakesOfTheProgramAreToldAtOnce() {
        LocalCommandBus bus = new LocalCommandBus();
        bus.register("guild.deposit", Deposit.class, command -> {});

        assertThatThrownBy(() -> bus.register("guild.deposit", Deposit.class, command -> {}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bus.dispatch(command("guild.leave", new Deposit("g1", 1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("guild.leave");
        assertThatThrownBy(() -> bus.dispatch(command("guild.deposit", "5")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("String");
    }

    private static Command<Deposit> deposit(long amount) {
        return command("guild.deposit", new Deposit("g1", amount));
    }

    private static <P> Command<P> command(String type, P payload) {
        return new Command<>(
                "c1", type, payload, new Command.Metadata("ada", Instant.EPOCH, "corr"));
    }
}
