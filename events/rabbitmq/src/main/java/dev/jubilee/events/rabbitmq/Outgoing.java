package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import java.util.concurrent.CompletableFuture;

/**
 * A message on its way to the server.
 *
 * @param mandatory whether it fails when no queue takes it, instead of being dropped
 * @param deadline until when it must be confirmed, by {@link System#nanoTime()}
 * @param done completes when it is
 */
record Outgoing(
        String exchange,
        String routingKey,
        AMQP.BasicProperties properties,
        byte[] body,
        boolean mandatory,
        long deadline,
        CompletableFuture<Void> done) {

    boolean isOverdue(long now) {
        return now - deadline > 0;
    }
}
