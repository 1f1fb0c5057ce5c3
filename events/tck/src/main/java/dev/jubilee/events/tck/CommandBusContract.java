package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.ConflictException;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.commands.Command;
import dev.jubilee.events.commands.CommandBus;
import dev.jubilee.events.commands.CommandFailedException;
import dev.jubilee.events.commands.CommandHandler;
import dev.jubilee.events.commands.CommandResult;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What those who give commands, and those who carry them out, may expect of any bus. */
@SuppressWarnings("NullAway.Init") // made anew before each test
public abstract class CommandBusContract {
    private final List<Object> done = new CopyOnWriteArrayList<>();
    private CommandBus bus;

    private record Deposit(String guild, long amount) {}

    private record Deposited(long amount) {}

    /** A bus without handlers, which tries a command that meets conflicts at least three times. */
    protected abstract CommandBus open();

    @BeforeEach
    final void openBus() {
        bus = open();
    }

    @Test
    void aCommandReachesTheHandlerOfItsTypeWhole() {
        bus.register("guild.deposit", Deposit.class, done::add);
        bus.register("guild.leave", Deposit.class, command -> done.add("left"));

        assertThat(bus.dispatch(deposit("1", 5))).isEqualTo(new CommandResult.Done(1));
        assertThat(done).containsExactly(deposit("1", 5));
    }

    @Test
    void itIsCarriedOutBeforeTheAnswerAndInTheCallersThread() {
        bus.register("guild.deposit", Deposit.class, command -> done.add(Thread.currentThread()));

        bus.dispatch(deposit("1", 5));

        assertThat(done).containsExactly(Thread.currentThread());
    }

    @Test
    void whatIsInvalidIsNotBegunAndEveryProblemIsSaid() {
        bus.register("guild.deposit", Deposit.class, new Strict());

        assertThat(bus.dispatch(deposit("1", -1)))
                .isEqualTo(new CommandResult.Invalid(List.of("too little", "say another")));
        assertThat(done).isEmpty();
        assertThat(bus.dispatch(deposit("1", 1))).isInstanceOf(CommandResult.Done.class);
    }

    private final class Strict implements CommandHandler<Deposit> {
        @Override
        public void handle(Command<Deposit> command) {
            done.add(command);
        }

        @Override
        public List<String> validate(Command<Deposit> command) {
            return command.payload().amount() > 0
                    ? List.of()
                    : List.of("too little", "say another");
        }
    }

    @Test
    void aConflictIsTriedAgainAndTheAttemptsAreCounted() {
        AtomicInteger conflicts = new AtomicInteger(2);
        bus.register(
                "guild.deposit",
                Deposit.class,
                command -> {
                    done.add(command);
                    if (conflicts.getAndDecrement() > 0) {
                        throw new ConflictException("somebody was faster");
                    }
                });

        assertThat(bus.dispatch(deposit("1", 5))).isEqualTo(new CommandResult.Done(3));
        assertThat(done).containsOnly(deposit("1", 5)).hasSize(3);
    }

    @Test
    void aConflictThatDoesNotEndIsAResult() {
        bus.register(
                "guild.deposit",
                Deposit.class,
                command -> {
                    done.add(command);
                    throw new ConflictException("somebody is always faster");
                });

        assertThat(bus.dispatch(deposit("1", 5)))
                .isEqualTo(new CommandResult.Conflict(done.size()));
        assertThat(done).hasSizeGreaterThanOrEqualTo(3);
    }

    @Test
    void anyOtherFailureReachesTheCallerAtOnceWithItsCause() {
        bus.register(
                "guild.deposit",
                Deposit.class,
                command -> {
                    done.add(command);
                    throw new IOException("the vault is shut");
                });

        assertThatThrownBy(() -> bus.dispatch(deposit("1", 5)))
                .isInstanceOf(CommandFailedException.class)
                .hasCauseInstanceOf(IOException.class)
                .hasRootCauseMessage("the vault is shut");
        assertThat(done).hasSize(1);
    }

    @Test
    void mistakesOfTheProgramAreToldAtOnce() {
        bus.register("guild.deposit", Deposit.class, command -> done.add("first"));

        assertThatThrownBy(() ->
                        bus.register("guild.deposit", Deposit.class, command -> done.add("second")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bus.dispatch(command("1", "guild.leave", new Deposit("g", 1))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bus.dispatch(command("1", "guild.deposit", "five")))
                .isInstanceOf(IllegalArgumentException.class);
        bus.dispatch(deposit("1", 5));
        assertThat(done).containsExactly("first");
    }

    @Test
    void aHandlerMayGiveCommandsItself() {
        bus.register("guild.deposit", Deposit.class, command -> done.add("deposit"));
        bus.register(
                "guild.tax",
                Deposit.class,
                command ->
                        done.add(
                                bus.dispatch(
                                        new Command<>(
                                                "2",
                                                "guild.deposit",
                                                command.payload(),
                                                command.metadata()))));

        bus.dispatch(command("1", "guild.tax", new Deposit("g", 1)));

        assertThat(done).containsExactly("deposit", new CommandResult.Done(1));
    }

    @Test
    void whatACommandLeadsToBelongsToIt() {
        EventFactory events =
                new EventFactory(
                        EventRegistry.builder().type("guild.deposited", Deposited.class).build(),
                        InstantSource.system(),
                        "guild-service",
                        "test");
        bus.register(
                "guild.deposit",
                Deposit.class,
                command ->
                        done.add(events.causedBy(command).domain("guild", "g", new Deposited(5))));

        bus.dispatch(deposit("order-1", 5));

        assertThat(done)
                .singleElement()
                .satisfies(made -> {
                    DomainEvent<?> event = (DomainEvent<?>) made;
                    assertThat(event.correlationId()).isEqualTo("request-1");
                    assertThat(event.metadata().causationId()).isEqualTo("order-1");
                    assertThat(event.userId()).isEqualTo("ada");
                });
    }

    @Test
    void commandsOfManyThreadsAreEachCarriedOutOnce() throws Exception {
        Set<String> ids = ConcurrentHashMap.newKeySet();
        bus.register(
                "guild.deposit",
                Deposit.class,
                command -> {
                    ids.add(command.id());
                    done.add(command);
                });

        Threads.together(
                6,
                thread -> {
                    for (int i = 0; i < 50; i++) {
                        bus.dispatch(deposit(thread + "-" + i, i));
                    }
                });

        assertThat(ids).hasSize(300);
        assertThat(done).hasSize(300);
    }

    @Test
    void ofThoseWhoRegisterAHandlerAtOnceOneDoes() throws Exception {
        AtomicInteger registered = new AtomicInteger();
        for (int round = 0; round < 20; round++) {
            String type = "guild.t" + round;
            Threads.together(
                    4,
                    thread -> {
                        try {
                            bus.register(type, Deposit.class, command -> {});
                            registered.incrementAndGet();
                        } catch (IllegalArgumentException e) {
                            // Another was first.
                        }
                    });
        }
        assertThat(registered).hasValue(20);
    }

    private static Command<Deposit> deposit(String id, long amount) {
        return command(id, "guild.deposit", new Deposit("g", amount));
    }

    private static <P> Command<P> command(String id, String type, P payload) {
        return new Command<>(
                id, type, payload, new Command.Metadata("ada", Instant.EPOCH, "request-1"));
    }
}
