/** Sends one shipment to a webhook, RabbitMQ or Redis. Decides nothing. */
@NullMarked
package dev.jubilee.server.bus.delivery.sending;

import org.jspecify.annotations.NullMarked;
