package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.server.liveops.occurrences.BusTopics;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;

/**
 * How progress reaches the bus.
 *
 * @param kafka settings of Kafka clients: where it is, and how to be let in
 * @param admin stays its owner's to close
 * @param offsets where the group stands
 * @param topics what there is to consume
 */
public record ProgressBus(
        Map<String, Object> kafka, Admin admin, PostgresOffsets offsets, Topics topics) {
    /** The catalogue of topics. */
    public interface Topics extends BusTopics {
        /** Hears of every change of the names. */
        void onChange(Runnable listener);
    }
}
