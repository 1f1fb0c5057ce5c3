/** How one shipment leaves: to a webhook, to RabbitMQ or to Redis. Decides nothing. */
@NullMarked
package dev.jubilee.server.bus.delivery.sending;

import org.jspecify.annotations.NullMarked;
