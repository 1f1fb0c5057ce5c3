package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.ProblemException;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.idempotency.Idempotency;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Joins and leaves that come with an {@code Idempotency-Key}: a late repetition gets the first
 * answer, also when the player has left, or come back, in between. Each is a transaction of its
 * own, with the key; those without a key know nothing of this. Few are decided at a time, so that
 * those who wait for one crowded event leave connections to everybody else. Thread-safe; never
 * blocks.
 */
final class KeyedRequests implements AutoCloseable {
    /** Half of the smallest pool of connections. */
    private static final int AT_A_TIME = 4;

    private final Participations participations;
    private final Idempotency idempotency;
    private final Duration patience;
    private final Semaphore turns = new Semaphore(AT_A_TIME, true);
    private final Semaphore places;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    KeyedRequests(
            Participations participations,
            Idempotency idempotency,
            ParticipationSettings settings) {
        this.participations = participations;
        this.idempotency = idempotency;
        this.patience = settings.patience();
        this.places = new Semaphore(AT_A_TIME + settings.capacity());
    }

    static boolean hasKey(Call call) {
        return call.header("Idempotency-Key") != null;
    }

    /**
     * @param asked what is to be decided; may block
     * @param reply throws a {@link ProblemException} for a refusal, which is judged anew next time
     */
    CompletionStage<Reply> once(
            Call call,
            Supplier<? extends ParticipationRequest> asked,
            Function<ParticipationResult, Reply> reply) {
        if (!places.tryAcquire()) {
            throw RefusalAnswers.overloaded().asException();
        }
        CompletableFuture<Reply> answer =
                CompletableFuture.supplyAsync(() -> inTurn(call, asked, reply), threads)
                        .whenComplete((done, failure) -> places.release());
        return call.answer(answer, Function.identity(), RefusalAnswers::of);
    }

    private Reply inTurn(
            Call call,
            Supplier<? extends ParticipationRequest> asked,
            Function<ParticipationResult, Reply> reply) {
        if (!hasTurn()) {
            throw RefusalAnswers.overloaded().asException();
        }
        try {
            ParticipationRequest request = asked.get();
            return idempotency.once(
                    call, connection -> reply.apply(participations.decide(connection, request)));
        } finally {
            turns.release();
        }
    }

    private boolean hasTurn() {
        try {
            return turns.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        threads.shutdown();
    }
}
