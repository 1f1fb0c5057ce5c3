package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.DeadLetters;
import dev.jubilee.events.Rfc3339;
import dev.jubilee.events.core.FailedDelivery;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Dead letters in a queue of their address. Looking takes them off and gives them back, so while
 * somebody looks nobody else sees them. Those that come back lie there in any order, so {@value
 * #PAGE} are taken at a time and sorted; in memory are no more of them than were asked for, or than
 * {@value #PAGE_BYTES} bytes.
 */
final class RabbitDeadLetters implements DeadLetters {
    /** How many are taken together. */
    private static final int PAGE = 10_000;

    /** How long they may be together where all of them are needed. */
    static final int PAGE_BYTES = 16 << 20;

    /** As a delivery tag: whatever was taken and not removed, if anything. */
    private static final long ALL = 0;

    private static final String SUBSCRIPTION = "x-subscription";
    private static final String QUEUE = "x-subscription-queue";
    private static final String REASON = "x-reason";
    private static final String ATTEMPTS = "x-attempts";
    private static final String FAILED_AT = "x-failed-at";

    private static final Comparator<GetResponse> OLDEST_FIRST =
            Comparator.<GetResponse, Instant>comparing(response -> failedAt(response.getProps()))
                    .thenComparingLong(response -> response.getEnvelope().getDeliveryTag());

    private final RabbitConnection connection;
    private final ConfirmingPublisher publisher;
    private final RabbitTopology topology;
    private final RabbitMessages messages;
    private final InstantSource clock;

    RabbitDeadLetters(
            RabbitConnection connection,
            ConfirmingPublisher publisher,
            RabbitTopology topology,
            RabbitMessages messages,
            InstantSource clock) {
        this.connection = connection;
        this.publisher = publisher;
        this.topology = topology;
        this.messages = messages;
        this.clock = clock;
    }

    void put(FailedDelivery failed) throws IOException, ExecutionException, InterruptedException {
        RabbitDelivery delivery = (RabbitDelivery) failed.delivery();
        RabbitMessages.Received received = delivery.received();
        Map<String, Object> headers = new HashMap<>();
        headers.put(SUBSCRIPTION, failed.subscription());
        headers.put(QUEUE, delivery.queue());
        headers.put(REASON, failed.reason());
        headers.put(ATTEMPTS, failed.attempts());
        headers.put(FAILED_AT, Rfc3339.text(clock.instant()));
        DeadLetterRoute route = failed.route();
        // At the exchange of the events, every subscription that selects the key would get it too.
        boolean direct = topology.carriesEvents(route);
        try {
            publisher
                    .publishToQueue(
                            direct ? "" : route.exchange(),
                            direct ? route.joined() : route.routingKey(),
                            RabbitMessages.properties(received.id(), received.type(), headers)
                                    .build(),
                            received.body())
                    .get();
        } catch (ExecutionException e) {
            // Somebody may have removed the address: there again, it takes the letter next time.
            topology.deadLetters(route);
            throw e;
        }
    }

    @Override
    public List<DeadLetter> view(DeadLetterRoute route, int limit) {
        return looking(
                route,
                queue -> {
                    PriorityQueue<GetResponse> oldest =
                            new PriorityQueue<>(OLDEST_FIRST.reversed());
                    GetResponse next = queue.next();
                    for (int seen = 1; next != null; seen++) {
                        oldest.add(next);
                        if (oldest.size() > limit) {
                            oldest.remove();
                        }
                        next = seen < Math.max(limit, PAGE) ? queue.next() : null;
                    }
                    return oldest.stream()
                            .sorted(OLDEST_FIRST)
                            .map(response -> letter(response, route))
                            .toList();
                });
    }

    @Override
    public int redrive(DeadLetterRoute route, Predicate<DeadLetter> which) {
        return looking(
                route,
                queue -> {
                    int redriven = 0;
                    for (List<GetResponse> page = queue.page();
                            !page.isEmpty();
                            page = queue.page()) {
                        for (GetResponse response : page) {
                            DeadLetter letter = letter(response, route);
                            if (which.test(letter) && redrive(letter, response)) {
                                queue.remove(response);
                                redriven++;
                            }
                        }
                    }
                    return redriven;
                });
    }

    /** False if the queue of its subscription is not there. */
    private boolean redrive(DeadLetter letter, GetResponse response) throws IOException {
        String queue = queueOf(response.getProps());
        if (queue == null || !topology.hasQueue(queue)) {
            return false;
        }
        AMQP.BasicProperties properties =
                RabbitMessages.properties(
                                letter.eventId(),
                                letter.type(),
                                Map.of(RabbitMessages.REDRIVEN, true))
                        .build();
        publisher.publishToQueue("", queue, properties, response.getBody()).join();
        return true;
    }

    @FunctionalInterface
    private interface Looking<T> {
        T at(Queue queue) throws IOException;
    }

    /** The letters that lay there when the first was taken; later ones come after them. */
    private static final class Queue implements AutoCloseable {
        private static final int LOOKS_TO_SETTLE = 2;

        private final Channel channel;
        private final DeadLetterRoute route;

        private boolean begun;
        private int left = 1;

        Queue(Channel channel, DeadLetterRoute route) {
            this.channel = channel;
            this.route = route;
        }

        @Nullable GetResponse next() throws IOException {
            GetResponse response = left > 0 ? channel.basicGet(route.joined(), false) : null;
            if (response == null) {
                left = 0;
            } else {
                left = begun ? left - 1 : response.getMessageCount();
                begun = true;
            }
            return response;
        }

        /** The next ones, oldest first; none at the end. */
        List<GetResponse> page() throws IOException {
            List<GetResponse> page = new ArrayList<>();
            int bytes = 0;
            while (page.size() < PAGE && bytes < PAGE_BYTES) {
                GetResponse response = next();
                if (response == null) {
                    break;
                }
                page.add(response);
                bytes += response.getBody().length;
            }
            page.sort(OLDEST_FIRST);
            return page;
        }

        void remove(GetResponse response) throws IOException {
            channel.basicAck(response.getEnvelope().getDeliveryTag(), false);
        }

        /**
         * Gives the rest back. Of what a channel is told the server has a quorum queue do no more
         * than 32 things at a time; the others wait at the channel, and a channel that closes
         * forgets them: letters that were removed would lie there again. The answer to a look comes
         * after those that the queue was told, and with it the channel tells it the others, which
         * the second look waits for.
         */
        @Override
        public void close() throws IOException {
            channel.basicNack(ALL, true, true);
            for (int look = 0; look < LOOKS_TO_SETTLE; look++) {
                var unused = channel.basicGet(route.joined(), false);
            }
            channel.basicNack(ALL, true, true);
        }
    }

    private <T> T looking(DeadLetterRoute route, Looking<T> looking) {
        try {
            topology.deadLetters(route);
            try (Channel channel = connection.channel();
                    Queue queue = new Queue(channel, route)) {
                return looking.at(queue);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (AlreadyClosedException e) {
            throw new UncheckedIOException(new IOException(e));
        } catch (TimeoutException e) {
            throw new UncheckedIOException(new IOException("RabbitMQ did not answer", e));
        }
    }

    private DeadLetter letter(GetResponse response, DeadLetterRoute route) {
        AMQP.BasicProperties properties = response.getProps();
        RabbitMessages.Received received = messages.received(response.getBody(), properties);
        Instant failedAt = failedAt(properties);
        return new DeadLetter(
                received.id() + "/" + Rfc3339.text(failedAt),
                subscription(properties),
                received.id(),
                received.type(),
                readable(received),
                route,
                reason(properties),
                attempts(header(properties, ATTEMPTS)),
                failedAt);
    }

    private String subscription(AMQP.BasicProperties properties) {
        String subscription = header(properties, SUBSCRIPTION);
        if (subscription != null) {
            return subscription;
        }
        String queue = queueOf(properties);
        return queue == null ? "unknown" : topology.subscriptionOf(queue);
    }

    /** Where it was, also if the server gave it up by itself. */
    private static @Nullable String queueOf(AMQP.BasicProperties properties) {
        String queue = header(properties, QUEUE);
        return queue == null ? header(properties, "x-first-death-queue") : queue;
    }

    private static String reason(AMQP.BasicProperties properties) {
        String reason = header(properties, REASON);
        if (reason != null) {
            return reason;
        }
        String word = header(properties, "x-first-death-reason");
        return word == null ? "the server gave it up" : "the server gave it up: " + word;
    }

    private static int attempts(@Nullable String text) {
        try {
            return text == null ? 0 : Integer.parseInt(text);
        } catch (NumberFormatException e) { // not one of ours
            return 0;
        }
    }

    private static Instant failedAt(AMQP.BasicProperties properties) {
        String text = header(properties, FAILED_AT);
        try {
            return text == null ? deathOf(properties) : Rfc3339.parse(text);
        } catch (IllegalArgumentException e) { // not one of ours
            return Instant.EPOCH;
        }
    }

    /** When the server gave it up. */
    private static Instant deathOf(AMQP.BasicProperties properties) {
        Map<String, Object> headers = properties.getHeaders();
        Object deaths = headers == null ? null : headers.get("x-death");
        return deaths instanceof List<?> all
                        && !all.isEmpty()
                        && all.getFirst() instanceof Map<?, ?> last
                        && last.get("time") instanceof Date time
                ? time.toInstant()
                : Instant.EPOCH;
    }

    private @Nullable BaseEvent readable(RabbitMessages.Received received) {
        try {
            return messages.event(received);
        } catch (RuntimeException e) { // a codec's own: the other letters can be seen all the same
            return null;
        }
    }

    private static @Nullable String header(AMQP.BasicProperties properties, String name) {
        Map<String, Object> headers = properties.getHeaders();
        Object value = headers == null ? null : headers.get(name);
        return value == null ? null : value.toString();
    }
}
