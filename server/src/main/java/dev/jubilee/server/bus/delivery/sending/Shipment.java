package dev.jubilee.server.bus.delivery.sending;

import dev.jubilee.events.EventId;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The content of one request: a delivery, or a batch of them. A retry sends it as it is, so that
 * its id stays the same whatever the subscription has become meanwhile.
 *
 * @param batch whether it goes as a list, be it of one event
 */
public record Shipment(List<Delivery> deliveries, boolean batch, int attempts, Instant dueAt) {
    public Shipment {
        deliveries = List.copyOf(deliveries);
    }

    public static Shipment of(Delivery one, boolean batch) {
        return new Shipment(List.of(one), batch, one.attempts(), one.dueAt());
    }

    /** A new batch, of what was never tried. */
    public static Shipment batch(List<Delivery> several, Instant due) {
        return new Shipment(several, true, 0, due);
    }

    public Shipment after(int made, Instant due) {
        return new Shipment(
                deliveries.stream().map(one -> one.after(made, due)).toList(), batch, made, due);
    }

    /** The same, due then at the latest. */
    public Shipment dueBy(Instant latest) {
        return dueAt.isAfter(latest) ? after(attempts, latest) : this;
    }

    /** The event's own id, or one that the events of a batch always lead to. */
    public String id() {
        return size() > 1
                ? EventId.derived(deliveries.stream().map(Delivery::eventId).toArray(String[]::new))
                        .toString()
                : deliveries.getFirst().eventId();
    }

    /** CloudEvents JSON: one event, or a list of them. */
    public byte[] body() {
        if (!batch) {
            return deliveries.getFirst().body();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(512 * size());
        out.write('[');
        for (int i = 0; i < size(); i++) {
            if (i > 0) {
                out.write(',');
            }
            out.writeBytes(deliveries.get(i).body());
        }
        out.write(']');
        return out.toByteArray();
    }

    /** The possible culprit when it fails again and again: its key, or itself when it has none. */
    public Object culprit() {
        Delivery first = deliveries.getFirst();
        return size() == 1 && first.key() != null ? first.key() : first.id();
    }

    /** The media type of the body. */
    String mediaType() {
        return batch ? CloudEventsJson.BATCH_MEDIA_TYPE : CloudEventsJson.MEDIA_TYPE;
    }

    public int size() {
        return deliveries.size();
    }

    /** Each once. */
    public Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>();
        for (Delivery one : deliveries) {
            if (one.key() != null) {
                keys.add(one.key());
            }
        }
        return keys;
    }
}
