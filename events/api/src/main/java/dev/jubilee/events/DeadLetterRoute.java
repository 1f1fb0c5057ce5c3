package dev.jubilee.events;

/**
 * Where dead letters go. RabbitMQ takes it literally; Kafka joins the two to the topic {@code
 * exchange.routingKey}; in memory it is kept with the letter.
 */
public record DeadLetterRoute(String exchange, String routingKey) {
    public DeadLetterRoute {
        TopicName.require(exchange);
        TopicName.require(routingKey);
    }

    /** Both parts joined by a dot. */
    public String joined() {
        return exchange + "." + routingKey;
    }
}
