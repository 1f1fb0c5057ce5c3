package dev.jubilee.bench;

import dev.jubilee.bench.client.Platform;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A subscriber within this program, whose clock the publisher shares. The subscription that it
 * belongs to must be there before it is published to.
 */
abstract sealed class Receiver implements AutoCloseable {
    private static final long READY_SECONDS = 30;

    private final AtomicReference<Ledger> ledger = new AtomicReference<>(new Ledger(-1, 0));

    /** What arrives from now on is told to this ledger. */
    final void hear(Ledger to) {
        ledger.set(to);
    }

    final void heard(Mark mark, long now) {
        ledger.get().hear(mark, now);
    }

    @Override
    public abstract void close();

    /** Posted to. */
    static final class Webhook extends Receiver {
        private final Endpoint endpoint;

        Webhook(Vertx vertx) {
            this.endpoint =
                    new Endpoint(
                            vertx,
                            (path, id, body, now) ->
                                    Mark.find(body.getBytes(), mark -> heard(mark, now)));
        }

        String url() {
            return endpoint.url("/hook");
        }

        void hang() {
            endpoint.hang();
        }

        @Override
        public void close() {
            endpoint.close();
        }
    }

    /** Reads the stream of a subscription. */
    static final class Stream extends Receiver {
        private final HttpClient http;
        private final CompletableFuture<Integer> opened = new CompletableFuture<>();

        Stream(Vertx vertx, Platform platform, String subscription) {
            this.http = vertx.createHttpClient(new HttpClientOptions().setTcpNoDelay(true));
            URI bus = platform.bus();
            Mark.Finder marks = new Mark.Finder();
            http.request(
                            new RequestOptions()
                                    .setMethod(HttpMethod.GET)
                                    .setHost(bus.getHost())
                                    .setPort(bus.getPort())
                                    .setURI("/subscriptions/" + subscription + "/stream")
                                    .putHeader("Accept", "text/event-stream")
                                    .putHeader("Authorization", "Bearer " + platform.adminKey()))
                    .compose(request -> request.send())
                    .onSuccess(answer -> {
                        answer.handler(piece -> {
                            long now = System.nanoTime();
                            marks.read(piece.getBytes(), mark -> heard(mark, now));
                        });
                        opened.complete(answer.statusCode());
                    })
                    .onFailure(opened::completeExceptionally);
            int status = opened.orTimeout(READY_SECONDS, TimeUnit.SECONDS).join();
            if (status != 200) {
                throw new BenchException("The stream of a subscription was answered " + status);
            }
        }

        @Override
        public void close() {
            http.close().await();
        }
    }

    /** Consumes a topic as a group of its own, as a subscriber of the method kafka does. */
    static final class Group extends Receiver {
        private static final Duration POLL = Duration.ofMillis(100);

        private final KafkaConsumer<byte[], byte[]> consumer;
        private final CompletableFuture<Void> assigned = new CompletableFuture<>();
        private final Thread thread;
        private volatile boolean closed;

        Group(Installation at, String topic, String group) {
            this.consumer =
                    new KafkaConsumer<>(
                            Map.of(
                                    "bootstrap.servers",
                                    at.brokers(),
                                    "group.id",
                                    group,
                                    "auto.offset.reset",
                                    "latest",
                                    "enable.metrics.push",
                                    "false",
                                    "key.deserializer",
                                    ByteArrayDeserializer.class,
                                    "value.deserializer",
                                    ByteArrayDeserializer.class));
            this.thread =
                    Thread.ofPlatform().daemon().name("bench-" + group).start(() -> run(topic));
            assigned.orTimeout(READY_SECONDS, TimeUnit.SECONDS).join();
        }

        private void run(String topic) {
            try (consumer) {
                consumer.subscribe(List.of(topic));
                while (!closed) {
                    var records = consumer.poll(POLL);
                    long now = System.nanoTime();
                    for (ConsumerRecord<byte[], byte[]> one : records) {
                        Mark.find(one.value(), mark -> heard(mark, now));
                    }
                    if (!assigned.isDone() && !consumer.assignment().isEmpty()) {
                        // Where it begins is settled now, and not with the first event.
                        consumer.assignment().forEach(consumer::position);
                        assigned.complete(null);
                    }
                }
            } catch (WakeupException e) {
                assigned.completeExceptionally(e);
            }
        }

        @Override
        public void close() {
            closed = true;
            consumer.wakeup();
            try {
                thread.join(TimeUnit.SECONDS.toMillis(READY_SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
