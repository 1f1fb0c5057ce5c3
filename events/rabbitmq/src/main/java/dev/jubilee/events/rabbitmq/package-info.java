/** Events over RabbitMQ. */
@NullMarked
package dev.jubilee.events.rabbitmq;

import org.jspecify.annotations.NullMarked;
