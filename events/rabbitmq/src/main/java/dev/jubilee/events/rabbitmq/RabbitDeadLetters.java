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
import dev.jubilee.events.UnreadableEventException;
import dev.jubilee.events.core.FailedDelivery;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Dead letters in a queue of their address. Looking takes them off and gives them back, so while
 * somebody looks nobody else sees them.
 */
final class RabbitDeadLetters implements DeadLetters {
    private static final String SUBSCRIPTION = "x-subscription";
    private static final String QUEUE = "x-subscription-queue";
    private static final String REASON = "x-reason";
    private static final String ATTEMPTS = "x-attempts";
    private static final String FAILED_AT = "x-failed-at";

    private final RabbitConnection connection;
    private final ConfirmingPublisher publisher;
    private final RabbitTopology topology;
    private final RabbitMessages messages;
    private final InstantSource clock;

    private record Letter(DeadLetter letter, GetResponse response) {}

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
                route, limit, (channel, letters) -> letters.stream().map(Letter::letter).toList());
    }

    @Override
    public int redrive(DeadLetterRoute route, Predicate<DeadLetter> which) {
        return looking(
                route,
                Integer.MAX_VALUE,
                (channel, letters) -> {
                    int redriven = 0;
                    for (Letter letter : letters) {
                        if (which.test(letter.letter) && redrive(letter)) {
                            channel.basicAck(letter.response.getEnvelope().getDeliveryTag(), false);
                            redriven++;
                        }
                    }
                    return redriven;
                });
    }

    /** False if the queue of its subscription is not there. */
    private boolean redrive(Letter letter) throws IOException {
        String queue = header(letter.response.getProps(), QUEUE);
        if (queue == null || !topology.hasQueue(queue)) {
            return false;
        }
        AMQP.BasicProperties properties =
                RabbitMessages.properties(letter.letter.eventId(), letter.letter.type(), Map.of())
                        .build();
        publisher.publishToQueue("", queue, properties, letter.response.getBody()).join();
        return true;
    }

    @FunctionalInterface
    private interface Looking<T> {
        T at(Channel channel, List<Letter> letters) throws IOException;
    }

    /** What is not confirmed goes back to the queue when the channel closes. */
    private <T> T looking(DeadLetterRoute route, int limit, Looking<T> looking) {
        try {
            topology.deadLetters(route);
            try (Channel channel = connection.channel()) {
                List<Letter> letters = new ArrayList<>();
                while (letters.size() < limit) {
                    GetResponse response = channel.basicGet(route.joined(), false);
                    if (response == null) {
                        break;
                    }
                    letters.add(new Letter(letter(response, route), response));
                }
                letters.sort(Comparator.comparing(letter -> letter.letter.failedAt()));
                return looking.at(channel, letters);
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
        String attempts = header(properties, ATTEMPTS);
        String failedAt = header(properties, FAILED_AT);
        String subscription = header(properties, SUBSCRIPTION);
        String reason = header(properties, REASON);
        return new DeadLetter(
                received.id() + "/" + failedAt,
                subscription == null ? "unknown" : subscription,
                received.id(),
                received.type(),
                readable(received),
                route,
                reason == null ? "the server gave it up" : reason,
                attempts == null ? 0 : Integer.parseInt(attempts),
                failedAt == null ? Instant.EPOCH : Rfc3339.parse(failedAt));
    }

    private @Nullable BaseEvent readable(RabbitMessages.Received received) {
        try {
            return messages.event(received);
        } catch (UnreadableEventException e) {
            return null;
        }
    }

    private static @Nullable String header(AMQP.BasicProperties properties, String name) {
        Map<String, Object> headers = properties.getHeaders();
        Object value = headers == null ? null : headers.get(name);
        return value == null ? null : value.toString();
    }
}
