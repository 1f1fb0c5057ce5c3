package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.ProblemException;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.idempotency.Idempotency;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Joins and leaves that come with an {@code Idempotency-Key}: a late repetition gets the first
 * answer, also when the player has left, or come back, in between. Each is a transaction of its
 * own, with the key; those without a key know nothing of this. Thread-safe; never blocks.
 */
final class KeyedRequests implements AutoCloseable {
    private final Participations participations;
    private final Idempotency idempotency;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    KeyedRequests(Participations participations, Idempotency idempotency) {
        this.participations = participations;
        this.idempotency = idempotency;
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
        CompletableFuture<Reply> answer =
                CompletableFuture.supplyAsync(
                        () -> {
                            ParticipationRequest request = asked.get();
                            return idempotency.once(
                                    call,
                                    connection ->
                                            reply.apply(
                                                    participations.decide(connection, request)));
                        },
                        threads);
        return call.answer(answer, Function.identity(), RefusalAnswers::of);
    }

    @Override
    public void close() {
        threads.shutdown();
    }
}
