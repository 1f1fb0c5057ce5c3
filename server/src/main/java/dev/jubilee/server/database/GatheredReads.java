package dev.jubilee.server.database;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads by key that are busy: whatever is asked while one query runs is answered by the next one,
 * together. Nothing lingers: an idle reader asks at once. Thread-safe; {@link #ask} never blocks.
 */
public final class GatheredReads<K, V> implements AutoCloseable {
    /** More is asked than can be answered; asking again later is fine. */
    public static final class Overloaded extends RuntimeException {
        private Overloaded(String name) {
            super(name + " has too much waiting, or is closed", null, false, false);
        }
    }

    private record Question<K, V>(K key, CompletableFuture<@Nullable V> answer) {}

    private final String name;
    private final int most;
    private final Function<List<K>, Map<K, V>> query;
    private final BlockingQueue<Question<K, V>> waiting;
    private final Thread thread;
    private volatile boolean closed;

    /**
     * @param most keys a query
     * @param capacity how many questions wait before more are refused
     * @param query the values of keys, which may repeat; may block
     */
    public GatheredReads(String name, int most, int capacity, Function<List<K>, Map<K, V>> query) {
        this.name = name;
        this.most = most;
        this.query = query;
        this.waiting = new ArrayBlockingQueue<>(capacity);
        this.thread = Thread.ofPlatform().name(name).daemon().start(this::run);
    }

    /**
     * The value of a key, null when there is none; fails with {@link Overloaded}, or with what the
     * query threw. Completes on the reader's thread: what depends on it must be short.
     */
    public CompletableFuture<@Nullable V> ask(K key) {
        CompletableFuture<@Nullable V> answer = new CompletableFuture<>();
        if (closed || !waiting.offer(new Question<>(key, answer))) {
            answer.completeExceptionally(new Overloaded(name));
        } else if (closed) {
            refuseWaiting();
        }
        return answer;
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        refuseWaiting();
    }

    private void run() {
        List<Question<K, V>> questions = new ArrayList<>(most);
        while (!closed) {
            try {
                questions.add(waiting.take());
            } catch (InterruptedException e) {
                break;
            }
            waiting.drainTo(questions, most - 1);
            answer(questions);
            questions.clear();
        }
        refuseWaiting();
    }

    private void answer(List<Question<K, V>> questions) {
        try {
            Map<K, V> values = query.apply(questions.stream().map(Question::key).toList());
            for (Question<K, V> question : questions) {
                question.answer().complete(values.get(question.key()));
            }
        } catch (RuntimeException e) {
            questions.forEach(question -> question.answer().completeExceptionally(e));
        }
    }

    private void refuseWaiting() {
        Question<K, V> question;
        while ((question = waiting.poll()) != null) {
            question.answer().completeExceptionally(new Overloaded(name));
        }
    }
}
