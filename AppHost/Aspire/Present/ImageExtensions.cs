namespace Tally.AppHost.Aspire;

/// <summary>Gives a container the image that <c>images.env</c> names.</summary>
internal static class ImageExtensions
{
    /// <summary>Registry, name and tag. A digest is set by <see cref="WithDigest"/>, after what looks at the tag.</summary>
    public static IResourceBuilder<T> WithImage<T>(this IResourceBuilder<T> builder, ImageReference image) where T : ContainerResource =>
        builder.WithImage(image.Name, image.Tag).WithImageRegistry(image.Registry);

    /// <summary>The digest, where there is one; it takes the tag's place.</summary>
    public static IResourceBuilder<T> WithDigest<T>(this IResourceBuilder<T> builder, ImageReference image) where T : ContainerResource =>
        image.Sha256 is { } sha256 ? builder.WithImageSHA256(sha256) : builder;
}
