package dev.jubilee.server.bus;

import dev.jubilee.server.bus.publish.PublishSettings;
import dev.jubilee.server.bus.store.StoreSettings;
import dev.jubilee.server.bus.topics.TopicSettings;
import dev.jubilee.server.config.SettingsReader;

/** The settings of the bus's features. */
public record BusSettings(TopicSettings topics, PublishSettings publish, StoreSettings store) {
    /** Reads them all. */
    public static BusSettings from(SettingsReader reader) {
        return new BusSettings(
                TopicSettings.from(reader),
                PublishSettings.from(reader),
                StoreSettings.from(reader));
    }
}
