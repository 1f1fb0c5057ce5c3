/**
 * Brings events to subscribers, each at least once. This package puts the parts together; each part
 * has a package of its own, and none of them depends on this one.
 *
 * <pre>{@code
 * Kafka -> routing -> rows in bus.pending_deliveries -> dispatch           -> attempts | deadletters
 *                                                     | leases, streams
 *                                                     | relays
 * }</pre>
 *
 * <p>The packages:
 *
 * <ul>
 *   <li>{@code routing}: one consumer group matches each event against the subscriptions and writes
 *       a row for each match, in the transaction that moves the consumer on.
 *   <li>{@code catchup}: writes the rows of a subscription that starts in the past.
 *   <li>{@code clearance}: which topics the owner of a subscription may receive.
 *   <li>{@code pending}: a delivery, its row, and how the backlog is read.
 *   <li>{@code windows}: bounds what is in memory, for one subscription and for all.
 *   <li>{@code shards}: which instance delivers to which subscriptions.
 *   <li>{@code dispatch}: one thread decides what is pushed when: order, batches, rates, retries,
 *       circuits.
 *   <li>{@code sending}: one request to a webhook, RabbitMQ or Redis.
 *   <li>{@code leases}: subscribers that take deliveries themselves, from any instance.
 *   <li>{@code streams}: subscribers that hold a connection open.
 *   <li>{@code relays}: subscriptions that are written to a topic of Kafka, each event once.
 *   <li>{@code attempts}: the record of every try, and with it the end of a row.
 *   <li>{@code deadletters}: deliveries that were given up: read, edited, redriven, copied.
 * </ul>
 *
 * <p>The words:
 *
 * <dl>
 *   <dt>owed, pending
 *   <dd>A delivery has a row in {@code bus.pending_deliveries}. The row goes when the delivery is
 *       recorded as delivered or dead.
 *   <dt>taken
 *   <dd>The row's {@code taken} is true, and reads of the backlog skip it: routing put the delivery
 *       straight into an instance's memory, a subscriber or a stream has leased it until {@code
 *       due_at}, or it is in a numbered batch of a relay. A row that is not taken waits. A waiting
 *       row that dispatch has loaded stays untaken; its window remembers that it is loaded.
 *   <dt>window
 *   <dd>The bound on the deliveries of one subscription in memory, by count and by bytes.
 *   <dt>behind, level
 *   <dd>Behind: PostgreSQL may hold deliveries of the subscription that memory does not, so what is
 *       routed next has to wait there too. Level: it does not hold any.
 *   <dt>parked key
 *   <dd>A key whose first delivery failed while memory was short. That delivery and its followers
 *       wait in PostgreSQL; only the first is loaded when its retry is due. An event without a key
 *       is parked by itself.
 *   <dt>shard
 *   <dd>One of the 16 parts into which subscriptions are divided by id. One instance owns a shard,
 *       and only it pushes or relays to the shard's subscriptions.
 *   <dt>tenure
 *   <dd>The id under which an instance writes, and its shards. An instance that the others take for
 *       dead is deposed: it goes on under a new id, without shards.
 *   <dt>circuit
 *   <dd>Open after ten failures in a row of one endpoint: nothing is sent to it for a while, then
 *       one request at a time until one succeeds.
 *   <dt>rest
 *   <dd>The time for which an endpoint asked to be left alone, by a 429 or 503 and its {@code
 *       Retry-After}.
 *   <dt>catch-up
 *   <dd>Reading Kafka for one subscription from where it starts to where routing stands.
 *   <dt>relay
 *   <dd>The writer of a subscription that has a {@code target_topic}. The outbox has a relay of its
 *       own, which has nothing to do with this one.
 *   <dt>settled through T
 *   <dd>A low watermark over all instances: every event accepted before T is in Kafka or has
 *       failed. See {@link dev.jubilee.server.bus.settling}.
 * </dl>
 */
@NullMarked
package dev.jubilee.server.bus.delivery;

import org.jspecify.annotations.NullMarked;
