package dev.jubilee.server.bus.delivery;

import dev.jubilee.events.EventId;
import dev.jubilee.events.json.CloudEventsJson;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.List;

/**
 * What is sent at once: one delivery, or several where batching is enabled. It is tried again as it
 * is, so that its id stays the same.
 */
record Shipment(List<Delivery> deliveries, int attempts, Instant dueAt) {
    Shipment {
        deliveries = List.copyOf(deliveries);
    }

    static Shipment of(Delivery one) {
        return new Shipment(List.of(one), one.attempts(), one.dueAt());
    }

    Shipment after(int made, Instant due) {
        return new Shipment(
                deliveries.stream().map(one -> one.after(made, due)).toList(), made, due);
    }

    /** The event's own id, or one that the events of a batch always lead to. */
    String id(boolean batch) {
        return batch
                ? EventId.derived(deliveries.stream().map(Delivery::eventId).toArray(String[]::new))
                        .toString()
                : deliveries.getFirst().eventId();
    }

    /** CloudEvents JSON: one event, or a list of them. */
    byte[] body(boolean batch) {
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

    /** What the body is. */
    String mediaType(boolean batch) {
        return batch ? CloudEventsJson.BATCH_MEDIA_TYPE : CloudEventsJson.MEDIA_TYPE;
    }

    int size() {
        return deliveries.size();
    }
}
