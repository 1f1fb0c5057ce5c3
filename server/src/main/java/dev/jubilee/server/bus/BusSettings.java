package dev.jubilee.server.bus;

import dev.jubilee.server.bus.delivery.DeliverySettings;
import dev.jubilee.server.bus.publish.PublishSettings;
import dev.jubilee.server.bus.store.StoreSettings;
import dev.jubilee.server.bus.subscriptions.SubscriptionSettings;
import dev.jubilee.server.bus.topics.TopicSettings;
import dev.jubilee.server.config.SettingsReader;

/** The settings of the bus's features. */
public record BusSettings(
        TopicSettings topics,
        PublishSettings publish,
        StoreSettings store,
        SubscriptionSettings subscriptions,
        DeliverySettings delivery) {
    /**
     * Reads them all.
     *
     * @param embedded whether the database belongs to this data folder alone
     */
    public static BusSettings from(SettingsReader reader, boolean embedded) {
        return new BusSettings(
                TopicSettings.from(reader),
                PublishSettings.from(reader),
                StoreSettings.from(reader),
                SubscriptionSettings.from(reader),
                DeliverySettings.from(reader, embedded));
    }
}
