package dev.jubilee.bench;

import dev.jubilee.bench.client.Platform;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Publishes marked events from an event loop of its own. On a schedule, an event's time is when it
 * was due, whether or not it could be sent then: a stall counts for everything that it held up. The
 * schedule ticks in milliseconds. Phases run one after the other.
 */
final class MarkedPublisher implements AutoCloseable {
    private static final int MOST_CONNECTIONS = 64;

    private final Vertx vertx;
    private final Context loop;
    private final HttpClient http;
    private final RequestOptions request;
    private final MarkedLoad load;
    private int phases;

    MarkedPublisher(Platform platform, MarkedLoad load) {
        this.load = load;
        this.vertx = oneLoop();
        CompletableFuture<Context> made = new CompletableFuture<>();
        vertx.runOnContext(v -> made.complete(vertx.getOrCreateContext()));
        this.loop = made.join();
        URI bus = platform.bus();
        this.http =
                vertx.createHttpClient(
                        new HttpClientOptions().setTcpNoDelay(true),
                        new PoolOptions()
                                .setHttp1MaxSize(Math.min(load.slots(), MOST_CONNECTIONS))
                                .setMaxWaitQueueSize(-1));
        this.request =
                new RequestOptions()
                        .setMethod(HttpMethod.POST)
                        .setHost(bus.getHost())
                        .setPort(bus.getPort())
                        .setURI(load.path())
                        .putHeader("Content-Type", "application/json")
                        .putHeader("Authorization", "Bearer " + platform.adminKey());
    }

    /** One event loop, and next to no other threads. */
    static Vertx oneLoop() {
        return Vertx.vertx(
                new VertxOptions()
                        .setPreferNativeTransport(true)
                        .setEventLoopPoolSize(1)
                        .setWorkerPoolSize(1)
                        .setInternalBlockingPoolSize(1));
    }

    /**
     * What was published in a phase.
     *
     * @param phase its number, which is in its marks
     * @param requests that were answered with a 2xx
     * @param events in them
     * @param errors requests that were answered otherwise, or not at all
     * @param seconds from the first request until everything was answered
     */
    record Published(int phase, long requests, long events, long errors, double seconds) {
        double rate() {
            return seconds <= 0 ? 0 : events / seconds;
        }
    }

    /** The number that the next phase will have. */
    int nextPhase() {
        return phases;
    }

    /** So many events a second for so long; returns when everything is answered. */
    Published steady(String source, int rate, Duration duration) {
        double perSecond = (double) rate / load.batch();
        long requests = Math.round(perSecond * duration.toMillis() / 1e3);
        return run(new Phase(source, requests, perSecond));
    }

    /** So many events as fast as answers come. */
    Published all(String source, long events) {
        return run(new Phase(source, Math.ceilDiv(events, load.batch()), 0));
    }

    private Published run(Phase phase) {
        loop.runOnContext(v -> phase.start());
        return phase.done.join();
    }

    @Override
    public void close() {
        http.close().await();
        vertx.close().await();
    }

    /** For the event loop. */
    private final class Phase {
        private final CompletableFuture<Published> done = new CompletableFuture<>();
        private final int number = phases++;
        private final MarkedLoad.Requests requests;
        private final Deque<Integer> free = new ArrayDeque<>();
        private final long total;
        private final double perSecond;
        private long start;
        private long sent;
        private long good;
        private long errors;

        /**
         * @param perSecond 0 for as fast as answers come
         */
        Phase(String source, long total, double perSecond) {
            this.requests = load.requests(number, source);
            this.total = total;
            this.perSecond = perSecond;
            for (int slot = 0; slot < load.slots(); slot++) {
                free.add(slot);
            }
        }

        void start() {
            start = System.nanoTime();
            if (perSecond > 0) {
                vertx.setPeriodic(
                        1,
                        timer -> {
                            if (sent == total) {
                                vertx.cancelTimer(timer);
                            }
                            sendDue();
                        });
            }
            sendDue();
        }

        private void sendDue() {
            while (sent < total && !free.isEmpty()) {
                long now = System.nanoTime();
                long due = perSecond > 0 ? dueAt(sent) : now;
                if (due > now) {
                    return;
                }
                send(free.remove(), due);
            }
            if (good + errors == total) {
                done.complete(published());
            }
        }

        private long dueAt(long place) {
            long millis = (long) (place * 1e3 / perSecond);
            return start + TimeUnit.MILLISECONDS.toNanos(millis);
        }

        private void send(int slot, long due) {
            sent++;
            Buffer body = Buffer.buffer(requests.next(slot, due));
            http.request(request)
                    .compose((HttpClientRequest made) -> made.send(body))
                    .compose(answer -> answer.body().map(all -> answer.statusCode()))
                    .onComplete(answer -> {
                        boolean fine = answer.succeeded() && answer.result() / 100 == 2;
                        good += fine ? 1 : 0;
                        errors += fine ? 0 : 1;
                        free.add(slot);
                        sendDue();
                    });
        }

        private Published published() {
            double seconds = (System.nanoTime() - start) / 1e9;
            return new Published(number, good, good * load.batch(), errors, seconds);
        }
    }
}
