package dev.jubilee.events.core;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.ConflictException;
import dev.jubilee.events.commands.Command;
import dev.jubilee.events.commands.CommandBus;
import dev.jubilee.events.commands.CommandFailedException;
import dev.jubilee.events.commands.CommandHandler;
import dev.jubilee.events.commands.CommandMiddleware;
import dev.jubilee.events.commands.CommandResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Carries out commands within this process: checks them, passes them through the middleware, and
 * tries again after a {@link ConflictException}. Thread-safe.
 */
public final class LocalCommandBus implements CommandBus {
    private static final int ATTEMPTS = 5;
    private static final Backoff BACKOFF =
            new Backoff.Exponential(Duration.ofMillis(5), Duration.ofMillis(100), 1);

    private final List<CommandMiddleware> middleware;
    private final int maxAttempts;
    private final Backoff backoff;
    private final Map<String, Registration<?>> handlers = new ConcurrentHashMap<>();

    private record Registration<P>(Class<P> payload, CommandHandler<P> handler) {}

    /** Five attempts, 5 to 100 ms apart; of the middleware the first is outermost. */
    public LocalCommandBus(CommandMiddleware... middleware) {
        this(ATTEMPTS, BACKOFF, List.of(middleware));
    }

    /**
     * So many attempts.
     *
     * @param maxAttempts how often a command that meets conflicts is tried at most
     * @param backoff the pause between them
     * @param middleware the first is outermost
     */
    public LocalCommandBus(int maxAttempts, Backoff backoff, List<CommandMiddleware> middleware) {
        if (maxAttempts < 1) {
            throw new IllegalArgumentException(
                    "'maxAttempts' must be 1 or more, was " + maxAttempts);
        }
        this.maxAttempts = maxAttempts;
        this.backoff = backoff;
        this.middleware = List.copyOf(middleware);
    }

    @Override
    public <P> void register(String commandType, Class<P> payload, CommandHandler<P> handler) {
        Registration<P> registration = new Registration<>(payload, handler);
        if (handlers.putIfAbsent(commandType, registration) != null) {
            throw new IllegalArgumentException(commandType + " has a handler already");
        }
    }

    @Override
    public CommandResult dispatch(Command<?> command) {
        Registration<?> registration = handlers.get(command.type());
        if (registration == null) {
            throw new IllegalArgumentException("no handler is registered for " + command.type());
        }
        CommandMiddleware.Next next = innermost -> carryOut(innermost, registration);
        for (CommandMiddleware layer : middleware.reversed()) {
            CommandMiddleware.Next inside = next;
            next = passed -> layer.dispatch(passed, inside);
        }
        try {
            return next.dispatch(command);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(command, e);
        } catch (CommandFailedException | IllegalArgumentException e) {
            throw e;
        } catch (Exception e) {
            throw failed(command, e);
        }
    }

    private <P> CommandResult carryOut(Command<?> command, Registration<P> registration)
            throws InterruptedException {
        Command<P> typed = typed(command, registration.payload);
        CommandHandler<P> handler = registration.handler;
        List<String> problems = handler.validate(typed);
        if (!problems.isEmpty()) {
            return new CommandResult.Invalid(problems);
        }
        for (int attempt = 1; ; attempt++) {
            try {
                handler.handle(typed);
                return new CommandResult.Done(attempt);
            } catch (ConflictException e) {
                if (attempt == maxAttempts) {
                    return new CommandResult.Conflict(attempt);
                }
                Thread.sleep(backoff.after(attempt, ThreadLocalRandom.current()));
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                throw failed(command, e);
            }
        }
    }

    private static <P> Command<P> typed(Command<?> command, Class<P> payload) {
        if (!payload.isInstance(command.payload())) {
            throw new IllegalArgumentException(
                    "the payload of %s is a %s, was a %s"
                            .formatted(
                                    command.type(),
                                    payload.getName(),
                                    command.payload().getClass().getName()));
        }
        return new Command<>(
                command.id(), command.type(), payload.cast(command.payload()), command.metadata());
    }

    private static CommandFailedException failed(Command<?> command, Exception cause) {
        return new CommandFailedException(
                command.type() + " " + command.id() + " failed: " + cause.getMessage(), cause);
    }
}
